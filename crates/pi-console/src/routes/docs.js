// Reads the description and makes a form of every operation.
"use strict";

const element = (name, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
};

const who = document.getElementById("who");

async function send(method, path, operation, form, answer) {
  const query = new URLSearchParams();
  const headers = { "X-Tenant-ID": who.elements.tenant.value };
  if (who.elements.token.value) headers.Authorization = `Bearer ${who.elements.token.value}`;
  for (const parameter of operation.parameters ?? []) {
    const value = form.elements[parameter.name].value;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.set(parameter.name, value);
    else if (value && parameter.in === "header") headers[parameter.name] = value;
  }
  const request = { method, headers };
  if (operation.requestBody) {
    headers["Content-Type"] = "application/json";
    request.body = form.elements.body.value;
  }
  const search = query.size ? `?${query}` : "";
  answer.textContent = "…";
  try {
    const response = await fetch(path + search, request);
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* It is no JSON. */ }
    answer.textContent = `${response.status} ${response.statusText}\n\n${shown}`;
  } catch (error) {
    answer.textContent = `No answer: ${error.message}`;
  }
}

function example(description, schema) {
  if (schema?.$ref) return example(description, description.components.schemas[schema.$ref.split("/").pop()]);
  if (schema?.example !== undefined) return schema.example;
  if (schema?.type === "array") return [example(description, schema.items)];
  if (schema?.properties) {
    const required = new Set(schema.required ?? []);
    const shown = Object.entries(schema.properties).filter(([name, part]) => required.has(name) || part.example);
    return Object.fromEntries(shown.map(([name, part]) => [name, example(description, part)]));
  }
  return schema?.type === "string" ? "" : null;
}

function card(description, path, method, operation) {
  const form = element("form");
  for (const parameter of operation.parameters ?? []) {
    const input = element("input", { name: parameter.name, required: parameter.required ?? false });
    form.append(element("label", {}, `${parameter.name} `, element("small", { textContent: parameter.description ?? parameter.in }), input));
  }
  if (operation.requestBody) {
    const schema = operation.requestBody.content["application/json"].schema;
    const value = JSON.stringify(example(description, schema), null, 2);
    form.append(element("label", {}, "body", element("textarea", { name: "body", rows: 10, value, spellcheck: false })));
  }
  const answer = element("pre", { textContent: "" });
  form.append(element("button", { textContent: "Send" }), answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method.toUpperCase(), path, operation, form, answer);
  });
  const demand = operation["x-pi-permission"];
  const summary = element("summary", {}, element("b", { textContent: method.toUpperCase() }), element("code", { textContent: path }), " ", element("small", { textContent: demand }));
  return element("details", {}, summary, element("p", { textContent: [operation.summary, operation.description].filter(Boolean).join(" ") }), form);
}

fetch("/v1/openapi.json").then((response) => response.json()).then((description) => {
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tag = operation.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, element("section", {}, element("h2", { textContent: tag })));
      groups.get(tag).append(card(description, path, method, operation));
    }
  }
  document.getElementById("routes").replaceChildren(...groups.values());
}).catch((error) => { document.getElementById("routes").textContent = `The description cannot be read: ${error.message}`; });
