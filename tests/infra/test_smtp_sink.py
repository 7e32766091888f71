import smtplib
from email.message import EmailMessage

from scripts.smtp_sink import SmtpSink


def send(sink, subject, to="a@exemple.fr"):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "nous@exemple.fr", "a@exemple.fr"
    message.set_content("Bonjour Élodie")
    host, port = sink.url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as client:
        client.send_message(message, to_addrs=to)


def test_messages_are_kept_in_the_order_they_came(tmp_path):
    with SmtpSink(tmp_path / "mails") as sink:
        send(sink, "Première démarche")
        send(sink, "Seconde", to=["a@exemple.fr", "cache@exemple.fr"])

        first, second = sink.messages()

    assert first["Subject"] == "Première démarche"
    assert first.get_content().strip() == "Bonjour Élodie"
    assert second["X-Envelope-To"] == "a@exemple.fr, cache@exemple.fr"
    assert {file.suffix for file in sink.folder.iterdir()} == {".eml"}


def test_two_sinks_listen_side_by_side(tmp_path):
    with SmtpSink(tmp_path / "one") as one, SmtpSink(tmp_path / "other") as other:
        send(one, "Pour l'un")

        assert len(one.messages()) == 1
        assert other.messages() == []
