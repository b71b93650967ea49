#include <stdio.h>
#include <unistd.h>

// Reads its input to the end and says how many bytes that were.
int main(void) {
  static char block[64 * 1024];
  long total = 0;
  ssize_t got;
  while ((got = read(STDIN_FILENO, block, sizeof block)) > 0) total += got;
  printf("Content-Type: text/plain\r\n\r\n%ld\n", total);
  return got < 0;
}
