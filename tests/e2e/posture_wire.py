"""Decodes an answer of the posture API as strictly as the reference system's Go client: a field of
the wrong JSON type fails the whole call there, a required one that is missing fails it in other
clients. Usage: posture_wire.py FILE MODEL. Prints what is wrong, or nothing.

A model is a text of fields: `name:type`, with `!` for a required one. Types are str, int, bool, time,
any, map; [X] is a list of X; a capitalised name is another model. Fields that are not named are
ignored, and null is nothing, as there."""

import json
import re
import sys

PAGE = "offset:int! limit:int! total_count:int! first:Link! last:Link! previous:Link next:Link "
COUNTS = " ".join(
    f"{level}_{status}_count:int!"
    for level in ("goals", "controls")
    for status in ("pass", "fail", "unable_to_perform", "not_applicable", "total")
)
MODELS = {
    "Link": "href:str!",
    "Result": "result:bool! message:str!",
    "Import": "message:str! result:bool! profile_id:str",
    "Counts": COUNTS,
    "Criteria": "environment:[str] resource:[str] environment_category:[str] resource_category:[str] "
    "resource_type:[str]",
    # Version 2.
    "Collector": "id:str! display_name:str! name:str! public_key:str last_heartbeat:time status:str! "
    "collector_version:str image_version:str description:str! created_by:str! created_at:time! "
    "updated_by:str! updated_at:time! enabled:bool! registration_code:str! type:str! "
    "failure_count:int! use_private_endpoint:bool! managed_by:str! status_description:str! "
    "is_public:bool! is_ubi_image:bool",
    "Collectors": PAGE + "collectors:[Collector]!",
    "Group": "id:str! passphrase:str!",
    "Credential": "enabled:bool! id:str! type:str! name:str! description:str! display_fields:map! "
    "created_by:str! created_at:time! updated_at:time! updated_by:str! group:Group! purpose:str!",
    "Credentials": PAGE + "credentials:[Credential]!",
    "ScopeItem": "description:str! created_by:str! modified_by:str! id:str! uuid:str! name:str! "
    "enabled:bool! credential_type:str! created_at:time! updated_at:time! collectors:[Collector]!",
    "Scopes": PAGE + "scopes:[ScopeItem]!",
    "Scope": "id:str! name:str! uuid:str partner_uuid:str description:str org_id:int "
    "cloud_type_id:int tld_credential_id:int status:str status_msg:str subset_selected:bool "
    "enabled:bool last_discover_start_time:str last_discover_completed_time:str task_type:str "
    "status_updated_time:str resource_groups:str region_names:str cloud_type:str "
    "env_sub_category:str collectors:[Collector] created_by:str created_at:str modified_by:str "
    "modified_at:str is_discovery_scheduled:bool interval:int discovery_setting_id:int type:str "
    "correlation_id:str credential_attributes:str",
    "ScopeCollectors": "collector_ids:[str]!",
    "ScopeCredential": "credential_id:str! credential_attribute:str",
    "TaskStatus": "correlation_id:str! status:str! start_time:str! last_heartbeat:time!",
    "Event": "id:str! created_at:time! updated_at:time! task_type:str! status:str! "
    "data_available:bool! status_message:str!",
    "Events": "events:[Event]!",
    "Profile": "name:str! description:str! version:int! created_by:str! modified_by:str! "
    "reason_for_delete:str! applicability_criteria:Criteria! id:str! base_profile:str! type:str! "
    "no_of_controls:int! created_at:time! updated_at:time! enabled:bool!",
    "Profiles": PAGE + "profiles:[Profile]!",
    "GoalItem": "description:str! id:str! severity:str! is_manual:bool! is_remediable:bool! "
    "is_reversible:bool! is_automatable:bool! is_auto_remediable:bool!",
    "ControlItem": "id:str! description:str! external_control_id:str! goals:[GoalItem]!",
    "Controls": PAGE + "controls:[ControlItem]!",
    "ProfileItem": "name:str! id:str! type:str!",
    "ScanItem": "scan_id:str! scan_name:str! scope_id:str! scope_name:str! profiles:[ProfileItem] "
    "group_profile_id:str! group_profile_name:str! report_run_by:str! start_time:time! "
    "report_setting_id:str end_time:time! result:Counts!",
    "Scans": PAGE + "latest_scans:[ScanItem]!",
    "ProfileResult": "id:str! name:str! type:str! validation_result:Counts!",
    "SummaryItem": "id:str! name:str! scope_id:str! scope_name:str! report_run_by:str! "
    "start_time:time! end_time:time! status:str! profiles:[ProfileResult]! "
    "group_profiles:[ProfileResult]!",
    "Summaries": PAGE + "summaries:[SummaryItem]!",
    "Resource": "name:str types:str status:str display_expected_value:str actual_value:str "
    "results_info:str not_applicable_reason:str",
    "Goal": "description:str id:str status:str severity:str completed_time:time error:str "
    "resource_result:[Resource] applicability_criteria:Criteria",
    "Statistics": "pass_count:int fail_count:int unable_to_perform_count:int not_applicable_count:int",
    "Control": "id:str status:str external_control_id:str desciption:str goals:[Goal] "
    "resource_statistics:Statistics",
    "Summary": "id:str! discover_id:str! profile_id:str! profile_name:str! scope_id:str! "
    "controls:[Control]!",
    # Version 1.
    "ProfileV1": "name:str! description:str! version:int! created_by:str! modified_by:str! "
    "reason_for_delete:str! applicability_criteria:Criteria! profile_id:str! base_profile:str! "
    "profile_type:str! created_time:time! modified_time:time! enabled:bool!",
    "ProfilesV1": PAGE + "profiles:[ProfileV1]!",
    "ScanOfScopeV1": "scan_id:str discover_id:str status:str status_message:str",
    "ScopeItemV1": "description:str created_by:str modified_by:str scope_id:str name:str "
    "enabled:bool environment_type:str created_time:time modified_time:time last_scan_type:str "
    "last_scan_type_description:str last_scan_status_updated_time:time collectors_id:[str] "
    "scans:[ScanOfScopeV1]",
    "ScopesV1": "scopes:[ScopeItemV1]!",
    "ScanItemV1": "scan_id:str! scan_name:str! scope_id:str! scope_name:str! profile_id:str! "
    "profile_name:str! profile_type:str! group_profile_id:str! group_profile_name:str! "
    "report_run_by:str! start_time:time! end_time:time! result:Counts!",
    "ScansV1": PAGE + "latest_scans:[ScanItemV1]!",
    "ProfileResultV1": "profile_id:str! profile_name:str! profile_type:str! validation_result:Counts!",
    "SummaryItemV1": "scan_id:str! scan_name:str! scope_id:str! scope_name:str! report_run_by:str! "
    "start_time:time! end_time:time! status:str! profile:ProfileResultV1! group_profiles:map!",
    "SummariesV1": PAGE + "summaries:[SummaryItemV1]!",
    "ResourceV1": "resource_name:str! resource_types:str! resource_status:str! "
    "display_expected_value:str! actual_value:str! results_info:str not_applicable_reason:str",
    "GoalV1": "goal_description:str! goal_id:str! status:str! severity:str! completed_time:time! "
    "error:str resource_result:[ResourceV1]! goal_applicability_criteria:Criteria!",
    "StatisticsV1": "resource_pass_count:int! resource_fail_count:int! "
    "resource_unable_to_perform_count:int! resource_not_applicable_count:int!",
    "ControlV1": "control_id:str! status:str! external_control_id:str! control_desciption:str! "
    "goals:[GoalV1]! resource_statistics:StatisticsV1!",
    "SummaryV1": "scan_id:str! discover_id:str! profile_id:str! profile_name:str! scope_id:str! "
    "controls:[ControlV1]!",
    "CollectorV1": "collector_id:str!",
    "CredentialV1": "credential_id:str! credential_name:str! created_time:str!",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
PLAIN = {
    "str": lambda v: isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "time": lambda v: isinstance(v, str) and TIME.fullmatch(v) is not None,
    "map": lambda v: isinstance(v, dict),
    "any": lambda v: True,
}


def wrong(value, kind, where):
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [m for i, v in enumerate(value) for m in wrong(v, kind[1:-1], f"{where}[{i}]")]
    if kind in PLAIN:
        return [] if PLAIN[kind](value) else [f"{where} is no {kind}: {json.dumps(value)[:80]}"]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    mistakes = []
    for field in MODELS[kind].split():
        name, of = field.rstrip("!").split(":", 1)
        if value.get(name) is not None:
            mistakes += wrong(value[name], of, f"{where}.{name}")
        elif field.endswith("!"):
            mistakes.append(f"{where}.{name} is missing")
    return mistakes


with open(sys.argv[1], encoding="utf-8") as file:
    for mistake in wrong(json.load(file), sys.argv[2], sys.argv[2])[:10]:
        print(mistake)
