// Twelve programs with the mistakes that are made most often. Each with the reason that is to be
// given for it, and the command that mends it where one is known.

const page = "<h1>Hello</h1>\\n<p>This is the first half of a page.</p>\\n";

export const brokenScripts = {
  "no-x-bit.sh": {
    mode: 0o644,
    reason: "script-not-executable",
    fix: /^chmod \+x /,
    text: "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nHello\\n'\n",
  },
  "bad-interpreter.py": {
    reason: "script-start-failed",
    fix: /^sed -i .*#!\/\S*python3\|/,
    text: "#!/usr/bin/pythn3\nprint('Content-Type: text/plain')\nprint()\n",
  },
  "windows.sh": {
    reason: "script-start-failed",
    fix: /^sed /,
    text: "#!/bin/sh\r\nprintf 'Content-Type: text/plain\\n\\nHello\\n'\r\n",
  },
  "no-blank-line.sh": {
    reason: "script-no-blank-line",
    text: "#!/bin/sh\necho 'Content-Type: text/html'\necho '<h1>Hello</h1>'\necho '<p>Here it goes on.</p>'\n",
  },
  "traceback.py": {
    reason: "script-failed-late",
    text: [
      "#!/usr/bin/env python3",
      "print('Content-Type: text/plain')",
      "print()",
      "print('The total:', flush=True)",
      "print(sum([1, 2, 'three']))",
      "",
    ].join("\n"),
  },
  "header-only.sh": {
    reason: "script-failed-late",
    text: "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexit 1\n",
  },
  "half-a-page.sh": {
    reason: "script-failed-late",
    text: `#!/bin/sh\nprintf 'Content-Type: text/html\\n\\n${page}'\nkill -SEGV $$\n`,
  },
  "wrong-length.sh": {
    reason: "content-under-length",
    text: "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 500\\n\\nHello\\n'\n",
  },
  "silent.sh": { reason: "script-no-output", text: "#!/bin/sh\nexit 0\n" },
  "noisy.sh": {
    reason: "script-no-output",
    text: "#!/bin/sh\nseq -f 'warning %g: this is deprecated' 40000 >&2\necho 'The disk is full' >&2\nexit 3\n",
  },
  "child-first.py": {
    reason: "script-late-headers",
    text: [
      "#!/usr/bin/env python3",
      "import subprocess",
      "print('Content-Type: text/plain')",
      "print()",
      "subprocess.run(['echo', 'Hello from a child'])",
      "",
    ].join("\n"),
  },
  "byte-order-mark.sh": {
    reason: "script-start-failed",
    fix: /^sed /,
    text: "\ufeff#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nHello\\n'\n",
  },
};
