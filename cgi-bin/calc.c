// A calculator in the path: /cgi-bin/calc/6/times/7 answers 42. The server finds the program at
// /cgi-bin/calc and hands over the rest as PATH_INFO, decoded. A program may be in any language;
// this one is compiled, from cgi-bin/calc.c.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(char const* why) {
  printf("Status: 400 Bad Request\nContent-Type: text/plain; charset=utf-8\n\n%s\n", why);
  return 0;  // the program did its work; it was the request that was wrong
}

// Plain decimal numbers only: strtod alone would also take "inf", "nan", "0x1p3" and "1e9".
static int number(char const* text, double* value) {
  if (strspn(text, "+-.0123456789") != strlen(text)) return 0;
  char* end;
  *value = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*value);
}

int main(void) {
  char const* const path = getenv("PATH_INFO");
  char left[40], verb[16], right[40], more;
  // The widths keep each word inside its array; `more` must stay empty.
  if (path == NULL || sscanf(path, "/%39[^/]/%15[^/]/%39[^/]%c", left, verb, right, &more) != 3)
    return refuse("Ask for /NUMBER/plus/NUMBER; also minus, times and divided-by.");

  double a, b, result;
  if (!number(left, &a) || !number(right, &b)) return refuse("That is not a number.");
  if (strcmp(verb, "plus") == 0)
    result = a + b;
  else if (strcmp(verb, "minus") == 0)
    result = a - b;
  else if (strcmp(verb, "times") == 0)
    result = a * b;
  else if (strcmp(verb, "divided-by") != 0)
    return refuse("I know plus, minus, times and divided-by.");
  else if (b == 0)
    return refuse("Nothing can be divided by zero.");
  else
    result = a / b;

  printf("Content-Type: text/plain; charset=utf-8\n\n%.15g\n", result + 0.0);  // never "-0"
  return 0;
}
