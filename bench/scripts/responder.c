#include <fcgiapp.h>
#include <stdlib.h>
#include <unistd.h>

// The smallest useful FastCGI application: responder SOCKET PROCESSES. Each process serves one
// connection at a time, as long as the server keeps it.
int main(int count, char** words) {
  int const processes = count == 3 ? atoi(words[2]) : 0;
  if (processes < 1 || FCGX_Init() != 0) return 2;
  int const listening = FCGX_OpenSocket(words[1], 1024);
  if (listening < 0) return 1;
  for (int i = 1; i < processes && fork() > 0; ++i) continue;
  FCGX_Request request;
  if (FCGX_InitRequest(&request, listening, 0) != 0) return 1;
  while (FCGX_Accept_r(&request) == 0)
    FCGX_PutS("Content-Type: text/plain\r\n\r\nhello\n", request.out);
  return 0;
}
