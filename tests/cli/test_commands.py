"""Each command through the real program, where no host answers."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from docs.commands import walk
from tests.cli.conftest import one_error
from tests.docs.test_plan_json import SCHEMA
from tests.docs.validator import wrong

if TYPE_CHECKING:
    from tests.cli.conftest import Shell


def test_validate_counts_what_there_is(repository: Shell) -> None:
    done = repository.run("validate")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Valid: 1 Host, 1 Image, 1 Key, 2 Service, 1 Tier")
    document = json.loads(repository.run("validate", "--json").stdout)
    assert document["valid"] is True
    assert document["counts"] == {"Host": 1, "Image": 1, "Key": 1, "Service": 2, "Tier": 1}


def test_validate_shows_every_finding_of_every_file(repository: Shell) -> None:
    repository.write(
        {
            "manifests/a.yaml": "apiVersion: unsandbox/v1\nkind: Service\nmetadata: {name: x}\nspec:\n  owner: team\n  imge: starter\n",
            "manifests/b.yaml": "apiVersion: unsandbox/v1\nkind: Sevice\nmetadata: {name: other}\nspec: {}\n",
        }
    )
    done = repository.run("validate")
    assert (done.returncode, done.stdout) == (1, "")
    places = [line.split(" ")[0] for line in done.stderr.splitlines() if line.startswith("manifests/")]
    assert "manifests/a.yaml:6:3:" in places
    assert "manifests/b.yaml:2:1:" in places
    assert "Traceback" not in done.stderr
    assert "findings in 2 files" in done.stderr

    as_json = repository.run("validate", "--json")
    assert (as_json.returncode, as_json.stderr) == (1, "")
    findings = json.loads(as_json.stdout)["findings"]
    assert {(row["file"], row["line"], row["column"]) for row in findings} >= {("manifests/a.yaml", 6, 3), ("manifests/b.yaml", 2, 1)}


def test_every_command_that_reads_manifests_shows_findings(repository: Shell) -> None:
    repository.write({"manifests/services.yaml": "apiVersion: unsandbox/v1\nkind: Service\n"})
    for arguments in (["plan"], ["apply", "--yes"], ["status"], ["explain", "Service/web"], ["hosts"], ["adopt", "Service/web"]):
        done = repository.run(*arguments)
        assert done.returncode == 1, arguments
        assert "manifests/services.yaml:" in done.stderr, arguments


def test_a_folder_without_manifests_is_an_error(shell: Shell) -> None:
    done = shell.run("plan")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_a_plan_names_the_host_it_did_not_see_and_refuses(repository: Shell) -> None:
    done = repository.run("plan")
    assert (done.returncode, done.stderr) == (3, "")
    lines = done.stdout.splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("Plan: nothing to do; 2 refused; 1 host not seen in full;")
    assert "  h1  host-unreachable: " in done.stdout
    assert "O01" in done.stdout
    assert "\x1b" not in done.stdout
    assert "hunter2" not in done.stdout


def test_a_plan_as_json_fits_its_schema(repository: Shell) -> None:
    done = repository.run("plan", "--json")
    assert (done.returncode, done.stderr) == (3, "")
    document = json.loads(done.stdout)
    assert wrong(document, SCHEMA, SCHEMA) == []
    assert {row["ref"] for row in document["refusals"]} == {"Service/api", "Service/web"}
    assert "hunter2" not in done.stdout


def test_a_plan_of_a_part(repository: Shell) -> None:
    def refused(*arguments: str, **environ: str) -> set[str]:
        return {row["ref"] for row in json.loads(repository.run("plan", "--json", *arguments, **environ).stdout)["refusals"]}

    assert refused("--target", "Service/web") == {"Service/web"}
    assert refused("--target", "Service/*", "--exclude", "Service/web") == {"Service/api"}
    assert refused("--target", "Service/web", "--target", "Service/api") == {"Service/api", "Service/web"}
    assert refused(UNSANDBOX_PLAN_TARGET="Service/web") == {"Service/web"}
    assert refused("--only", "destroy") == set()


def test_a_plan_of_a_commit(repository: Shell) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(repository.root)]
    for words in (["init", "-q"], ["add", "inventory", "manifests"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    (repository.root / "manifests" / "services.yaml").unlink()
    assert "(dirty)" in repository.run("plan").stdout.splitlines()[0]
    there = repository.run("plan", "--rev", "HEAD").stdout
    assert "Service/web" in there
    assert "(dirty)" not in there
    wrong_rev = repository.run("plan", "--rev", "no-such")
    assert (wrong_rev.returncode, one_error(wrong_rev)["code"]) == (1, "git")


def test_a_saved_plan_is_written_for_its_owner_alone(repository: Shell) -> None:
    done = repository.run("plan", "--out", "saved.json")
    assert done.returncode == 3
    assert "next: unsandbox apply saved.json" in done.stderr
    saved = repository.root / "saved.json"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert wrong(json.loads(saved.read_text()), SCHEMA, SCHEMA) == []
    nowhere = repository.run("plan", "--out", "no/such/folder/plan.json")
    assert (nowhere.returncode, one_error(nowhere)["code"]) == (1, "usage")


def test_apply_of_nothing_ends_with_what_the_plan_found(repository: Shell) -> None:
    done = repository.run("apply")
    assert (done.returncode, done.stderr) == (3, "")
    assert "O01" in done.stdout
    report = repository.run("apply", "--json")
    assert json.loads(report.stdout)["exit_status"] == 3
    assert "Plan: nothing to do" in report.stderr
    events = repository.run("apply", "--events", "-")
    assert [json.loads(line)["kind"] for line in events.stdout.splitlines()] == ["plan-started", "plan-done"]


def test_apply_of_a_file_that_is_no_plan(repository: Shell) -> None:
    repository.write({"plan.json": "{}"})
    for name in ("plan.json", "absent.json"):
        done = repository.run("apply", name)
        assert (done.returncode, one_error(done)["code"]) == (1, "usage")


def test_events_that_cannot_be_written_stop_it_before_anything(repository: Shell) -> None:
    done = repository.run("apply", "--events", "no/such/folder/events")
    assert (done.returncode, one_error(done)["code"]) == (1, "usage")


def test_status_says_unknown_and_not_absent(repository: Shell) -> None:
    done = repository.run("status")
    assert (done.returncode, done.stderr) == (4, "")
    assert "Not seen in full" in done.stdout
    document = json.loads(repository.run("status", "--json").stdout)
    assert {row["ref"]: row["actual"] for row in document["objects"]} == {"Service/api": "unknown", "Service/web": "unknown"}
    assert [row["grade"] for row in document["hosts"]] == ["unseen"]


def test_explain_shows_the_rule_that_refused(repository: Shell) -> None:
    done = repository.run("explain", "service/web")
    assert (done.returncode, done.stderr) == (0, "")
    assert "manifests/services.yaml:" in done.stdout
    assert "O01" in done.stdout
    assert "hunter2" not in done.stdout
    assert "O01" in json.dumps(json.loads(repository.run("explain", "Service/web", "--json").stdout))


def test_hosts_and_doctor_name_the_host_that_does_not_answer(repository: Shell) -> None:
    hosts = repository.run("hosts")
    assert hosts.returncode == 4
    assert "unseen" in hosts.stdout
    assert json.loads(repository.run("hosts", "--json").stdout)["hosts"][0]["instances"] is None
    doctor = repository.run("doctor", "--json")
    assert doctor.returncode == 4
    checks = json.loads(doctor.stdout)["checks"]
    assert {check["verdict"] for check in checks} <= {"ok", "warn", "fail", "unknown"}
    assert any(check["scope"] == "h1" and check["verdict"] == "fail" for check in checks)
    assert all(check["mend"] for check in checks if check["verdict"] == "fail")


def test_history_of_nothing(repository: Shell) -> None:
    done = repository.run("history")
    assert (done.returncode, done.stderr) == (0, "")
    assert "unsandbox apply" in done.stdout
    assert json.loads(repository.run("history", "Service/web", "--json").stdout) == {"entries": []}


def test_schemas_are_written_and_checked(repository: Shell) -> None:
    stale = repository.run("schema", "--check")
    assert (stale.returncode, stale.stdout) == (1, "")
    assert "next: unsandbox schema" in stale.stderr
    assert repository.run("schema").returncode == 0
    assert repository.run("schema", "--check").returncode == 0
    assert (repository.root / "manifests" / "schema" / "unsandbox.schema.json").is_file()
    assert json.loads(repository.run("schema", "--check", "--json").stdout)["differ"] == []


def test_init_makes_a_repository_that_validates(shell: Shell) -> None:
    options = ["--host-address", "unix:/nonexistent/unix.socket", "--fingerprint", "a" * 64, "--image-name", "starter"]
    done = shell.run("init", "mine", *options, "--image-fingerprint", "b" * 64)
    assert (done.returncode, done.stderr) == (0, "")
    assert shell.run("-C", "mine", "validate").returncode == 0
    again = shell.run("init", "mine")
    assert (again.returncode, one_error(again)["code"]) == (1, "usage")


def test_adopt_and_release_of_what_cannot_be_seen_are_refused(repository: Shell) -> None:
    for command in ("adopt", "release"):
        done = repository.run(command, "Service/web", "--yes")
        assert (done.returncode, one_error(done)["code"]) == (3, "refused")


def test_a_host_that_does_not_answer_is_not_taken_in(repository: Shell) -> None:
    done = repository.run("--connect-timeout", "1", "hosts", "add", "https://127.0.0.1:1", "--name", "h2", "--location", "there")
    assert (done.returncode, one_error(done)["code"]) == (4, "host-unreachable")
    assert not (repository.root / "inventory" / "h2.yaml").exists()
    nameless = repository.run("hosts", "add", "https://127.0.0.1:1", "--location", "there")
    assert (nameless.returncode, one_error(nameless)["code"]) == (1, "usage")


def test_no_option_takes_a_secret() -> None:
    spelled = {name for _, command, context in walk() for parameter in command.get_params(context) for name in parameter.opts}
    assert not {name for name in spelled if any(word in name for word in ("token", "password", "secret"))}
