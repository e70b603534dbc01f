"""Commands beside the running demo, on its database, keys and ports."""

from tests.demo.process import Company, Demo


def test_a_link_of_the_command_line_leads_to_the_running_portal(demo: Demo) -> None:
    company = Company(demo, "cedar")
    link = demo.command("connect_link", company.dev_id, "--reference-id", "c-1")
    assert sorted(link) == ["session_id", "url"]
    assert link["url"].startswith(f"{demo.portal}/connect/")


def test_a_client_is_added_to_an_environment(demo: Demo) -> None:
    company = Company(demo, "dogwood")
    asked = ["add_oauth_client", "SANDBOX", "--client-id", "dogwood", "--client-secret", "s3cret"]
    added = demo.command(*asked, "--dev-id", company.dev_id, "--simulated")
    assert sorted(added) == ["id", "notice_url", "redirect_url"]
    assert added["redirect_url"] == f"{demo.portal}/connect/callback/sandbox/"
    assert added["notice_url"].startswith(f"{demo.portal}/hooks/sandbox/")


def test_errors_go_to_stderr(demo: Demo) -> None:
    done = demo.run_command("connect_link", "no-such-dev-id", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "dev_id" in done.stderr
