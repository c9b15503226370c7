"""A stand-in for Twilio over real HTTP, with a memory and with bad days.

``python -m tests.twilio_double`` serves it in a process of its own; `process.Double` starts one for
tests. It was written from Twilio's documentation and shares no code with the service or with the
twilio client, so that both are tested against something else than themselves.
"""
