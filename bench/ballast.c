#include <stdlib.h>

// Preloaded into a server, this makes it BALLAST_MIB MiB larger, every page of them written to:
// what starting a script costs must not depend on the size of the server.
__attribute__((constructor)) static void take_ballast(void) {
  char const* const wanted = getenv("BALLAST_MIB");
  if (wanted == NULL) return;
  size_t const bytes = (size_t)atol(wanted) * 1024 * 1024;
  char volatile* const ballast = malloc(bytes);
  if (ballast == NULL) abort();
  for (size_t i = 0; i < bytes; i += 1024) ballast[i] = 1;
}
