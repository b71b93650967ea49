"""The smallest answer that a Python application gives, for the workload `wsgi-hello`."""


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "14")])
    return [b"Hello, world.\n"]
