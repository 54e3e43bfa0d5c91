use super::*;
use crate::Artifact;

fn read(text: &str) -> Vec<Resource> {
    resources(Artifact::new("main.tf", text.as_bytes().to_vec()).hcl().unwrap())
}

#[test]
fn defaults_locals_and_functions_are_put_in() {
    let found = read(
        "variable \"acl\" { default = \"public-read\" }\n\
         variable \"n\" {}\n\
         locals {\n  up = upper(\"aes256\")\n  all = concat([\"a\"], [var.acl])\n  loop = local.loop\n}\n\
         resource \"aws_s3_bucket\" \"b\" {\n  acl = var.acl\n  algorithm = local.up\n\
           list = local.all\n  name = \"x-${var.n}\"\n  whole = \"${aws_kms_key.k.arn}\"\n\
           on = var.acl == \"private\" ? true : false\n  loop = local.loop\n\
           policy = jsonencode({ Statement = [{ Effect = \"Allow\" }] })\n}\n",
    );
    let bucket = found.iter().find(|resource| resource.mode == "resource").unwrap();
    let get = |name: &str| bucket.body.get(name).unwrap();
    assert_eq!(bucket.address, "aws_s3_bucket.b");
    assert_eq!(get("acl").text(), Some("public-read"));
    assert_eq!(get("algorithm").text(), Some("AES256"));
    assert_eq!(get("list").items()[1].text(), Some("public-read"));
    assert_eq!(get("name").value, Value::Partial("x-${var.n}".to_owned()));
    assert_eq!(get("whole").value, Value::Reference("aws_kms_key.k.arn".to_owned()));
    assert_eq!(get("on").bool(), Some(false));
    assert!(get("loop").is_unknown());
    let statement = &get("policy").get("Statement").unwrap().items()[0];
    assert_eq!(statement.get("Effect").unwrap().text(), Some("Allow"));
}

#[test]
fn dynamic_blocks_show_their_content_and_heredocs_their_text() {
    let found = read(
        "resource \"a\" \"x\" {\n  dynamic \"ingress\" {\n    for_each = var.p\n    content { port = 22 }\n  }\n\
         dynamic \"egress\" {\n    for_each = []\n    content { port = 1 }\n  }\n\
         policy = <<EOF\n{\"a\": \"${var.q}\"}\nEOF\n}\n\
         resource \"a\" \"gone\" { count = 0 }\n",
    );
    assert_eq!(found.len(), 1);
    let body = &found[0].body;
    assert_eq!(body.get("ingress").unwrap().get("port").unwrap().integer(), Some(22));
    assert!(body.get("egress").is_none());
    assert_eq!(
        body.get("policy").unwrap().value,
        Value::Partial("{\"a\": \"${var.q}\"}\n".to_owned())
    );
}
