// A program that answers web requests (CGI). The server runs it anew for each request:
//   - about the request: environment variables, such as REQUEST_METHOD and QUERY_STRING
//   - the request's body: standard input, CONTENT_LENGTH bytes long
//   - what it prints: header lines, an empty line, then the page
//   - error messages: standard error (fprintf(stderr, ...)), which goes to the server's log
// It is a program like any other: try it by hand with words in the place of a request, name=Ada.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most = 65536 };

// An environment variable; "" if it is not there.
static char const* variable(char const* name) {
  char const* const value = getenv(name);
  return value != NULL ? value : "";
}

// Never print what somebody sent as it is: <script> in it would run in the reader's browser.
static void print_escaped(char const* text) {
  for (; *text != '\0'; ++text) {
    switch (*text) {
      case '&':
        fputs("&amp;", stdout);
        break;
      case '<':
        fputs("&lt;", stdout);
        break;
      case '>':
        fputs("&gt;", stdout);
        break;
      case '"':
        fputs("&quot;", stdout);
        break;
      case '\'':
        fputs("&#39;", stdout);
        break;
      default:
        putchar(*text);
    }
  }
}

// In what a form sends, + stands for a blank and %41 for the byte 0x41. Decodes in place.
static void decode(char* text) {
  char* to = text;
  for (; *text != '\0'; ++text) {
    if (*text == '%' && strspn(text + 1, "0123456789abcdefABCDEF") >= 2) {
      char const digits[] = {text[1], text[2], '\0'};
      *to++ = (char)strtol(digits, NULL, 16);
      text += 2;
    } else {
      *to++ = *text == '+' ? ' ' : *text;
    }
  }
  *to = '\0';
}

// The words of the command line, with & between them, as far as there is room.
static void join(char* to, int count, char** words) {
  char* const end = to + most;
  for (int i = 1; i < count && to < end; ++i) {
    to += snprintf(to, (size_t)(end - to), "%s%s", i > 1 ? "&" : "", words[i]);
  }
}

// What follows the ? in the address arrives in QUERY_STRING; what a form sends by POST, on standard
// input. Read as many bytes as were sent and no more, and look at the number first. Without a
// server there is no request; the words of the command line then stand for what follows the ?.
static void read_sent(char* sent, int count, char** words) {
  if (getenv("REQUEST_METHOD") == NULL) {
    join(sent, count, words);
    return;
  }
  if (strcmp(variable("REQUEST_METHOD"), "POST") != 0) {
    snprintf(sent, most + 1, "%s", variable("QUERY_STRING"));
    return;
  }
  unsigned long const length = strtoul(variable("CONTENT_LENGTH"), NULL, 10);
  if (length > most) {
    puts("Status: 413 Content Too Large\nContent-Type: text/plain\n\nAt most 64 KiB, please.");
    exit(0);
  }
  sent[fread(sent, 1, length, stdin)] = '\0';
}

// name=Ada&tea=green: the value of name, decoded.
static void find_name(char const* sent, char* name) {
  strcpy(name, "world");
  while (sent != NULL) {
    if (strncmp(sent, "name=", 5) == 0) {
      sent += 5;
      size_t const length = strcspn(sent, "&");
      memcpy(name, sent, length);
      name[length] = '\0';
      decode(name);
      return;
    }
    sent = strchr(sent, '&');
    if (sent != NULL) ++sent;
  }
}

int main(int count, char** words) {
  static char sent[most + 1], name[most + 1];
  read_sent(sent, count, words);
  find_name(sent, name);

  // The header lines; the empty line ends them. Everything after it is the page.
  puts("Content-Type: text/html; charset=utf-8\n");
  puts("<!doctype html>\n<html lang=\"en\">\n<title>Hello</title>");
  fputs("<h1>Hello, ", stdout);
  print_escaped(name);
  puts("!</h1>\n<form>");
  fputs("<p><label>Name <input name=\"name\" value=\"", stdout);
  print_escaped(name);
  puts("\"></label>");
  puts(
      "<button>Send by GET</button> <button formmethod=\"post\">Send by "
      "POST</button></p>\n</form>");
  fputs("<p>This came by ", stdout);
  print_escaped(getenv("REQUEST_METHOD") != NULL ? variable("REQUEST_METHOD") : "GET");
  fputs(":</p>\n<pre>", stdout);
  print_escaped(sent);
  puts("</pre>");
  return 0;
}
