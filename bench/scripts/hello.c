#include <stdio.h>

// The smallest useful CGI program: what a start costs, and nothing else.
int main(void) {
  fputs("Content-Type: text/plain\r\n\r\nhello\n", stdout);
  return 0;
}
