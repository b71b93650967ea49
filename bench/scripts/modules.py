#!/usr/bin/env python3
import email.message
import json
import sqlite3

message = email.message.Message()
message["Content-Type"] = "application/json"
print(message.as_string() + json.dumps({"sqlite": sqlite3.sqlite_version}))
