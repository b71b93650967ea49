import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print("http://127.0.0.1:%d/" % listener.getsockname()[1])

while True:
    connection, client = listener.accept()
    request = b""
    while received := connection.recv(1024):
        request += received
        if b"\r\n\r\n" not in request:
            continue
        line = request.split(b"\r\n")[0]
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(line), line))
        request = b""
    connection.close()
