//! What the CIS benchmark of AWS wants to be told of.

use crate::iac_cloud::alarms::WATCHING;
use crate::iac_cloud::check::Check::Unalarmed;
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "alarm-unauthorized" Low WATCHING, Unalarmed(&["errorcode=*unauthorizedoperation", "errorcode=accessdenied"]),
        "nobody is told of calls that were not permitted", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-sign-in-without-mfa" Low WATCHING, Unalarmed(&["eventname=consolelogin", "additionaleventdata.mfaused!=yes"]),
        "nobody is told of people who sign in with a password alone", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-root" Low WATCHING, Unalarmed(&["useridentity.type=root", "useridentity.invokedbynotexists", "eventtype!=awsserviceevent"]),
        "nobody is told when the root account is used", "CWE-778",
        "add a metric filter for it and an alarm on its metric";
    "alarm-identity-policies" Low WATCHING, Unalarmed(&["deletegrouppolicy", "deleterolepolicy", "deleteuserpolicy", "putgrouppolicy", "putrolepolicy", "putuserpolicy", "createpolicy", "deletepolicy", "createpolicyversion", "attachrolepolicy", "detachrolepolicy", "attachuserpolicy", "detachuserpolicy", "attachgrouppolicy", "detachgrouppolicy"]),
        "nobody is told of changes of identity policies", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-trail" Low WATCHING, Unalarmed(&["createtrail", "updatetrail", "deletetrail", "startlogging", "stoplogging"]),
        "nobody is told of changes of the trail", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-sign-in-failed" Low WATCHING, Unalarmed(&["eventname=consolelogin)&&", "errormessage=failedauthentication"]),
        "nobody is told of failed attempts to sign in", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-keys" Low WATCHING, Unalarmed(&["eventsource=kms.amazonaws.com)&&", "eventname=disablekey", "eventname=schedulekeydeletion"]),
        "nobody is told when keys are switched off or deleted", "CWE-778",
        "add a metric filter for it and an alarm on its metric";
    "alarm-bucket-policies" Low WATCHING, Unalarmed(&["eventsource=s3.amazonaws.com)&&", "putbucketacl", "putbucketpolicy", "putbucketcors", "putbucketlifecycle", "putbucketreplication", "deletebucketpolicy", "deletebucketcors", "deletebucketlifecycle", "deletebucketreplication"]),
        "nobody is told of changes of bucket policies", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-recorder" Low WATCHING, Unalarmed(&["eventsource=config.amazonaws.com)&&", "stopconfigurationrecorder", "deletedeliverychannel", "putdeliverychannel", "putconfigurationrecorder"]),
        "nobody is told of changes of the configuration recorder", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-security-groups" Low WATCHING, Unalarmed(&["authorizesecuritygroupingress", "authorizesecuritygroupegress", "revokesecuritygroupingress", "revokesecuritygroupegress", "createsecuritygroup", "deletesecuritygroup"]),
        "nobody is told of changes of security groups", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-network-acls" Low WATCHING, Unalarmed(&["createnetworkacl", "createnetworkaclentry", "deletenetworkacl", "deletenetworkaclentry", "replacenetworkaclentry", "replacenetworkaclassociation"]),
        "nobody is told of changes of network access lists", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-gateways" Low WATCHING, Unalarmed(&["createcustomergateway", "deletecustomergateway", "attachinternetgateway", "createinternetgateway", "deleteinternetgateway", "detachinternetgateway"]),
        "nobody is told of changes of gateways", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-routes" Low WATCHING, Unalarmed(&["createroute", "createroutetable", "replaceroute", "replaceroutetableassociation", "deleteroutetable", "deleteroute", "disassociateroutetable"]),
        "nobody is told of changes of routes", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-networks" Low WATCHING, Unalarmed(&["createvpc", "deletevpc", "modifyvpcattribute", "acceptvpcpeeringconnection", "createvpcpeeringconnection", "deletevpcpeeringconnection", "rejectvpcpeeringconnection"]),
        "nobody is told of changes of networks", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
    "alarm-organizations" Low WATCHING, Unalarmed(&["eventsource=organizations.amazonaws.com)&&", "accepthandshake", "createaccount", "createorganization", "leaveorganization", "removeaccountfromorganization"]),
        "nobody is told of changes of the organization", "CWE-778",
        "add a metric filter for them and an alarm on its metric";
};
