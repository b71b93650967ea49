<?php
// A program that answers web requests (CGI). The server has php-cgi run it anew for each request:
//   - about the request: $_SERVER, which holds the environment variables: REQUEST_METHOD and so on
//   - what follows the ? in the address: $_GET; what a form sends by POST: $_POST
//   - the request's body as it came: php://input
//   - what it prints: the page. PHP prints the header lines by itself; header() adds to them.
//   - error messages: error_log('...'), which goes to the server's log
// It is a program like any other: try it by hand with words in the place of a request,
// php-cgi FILE name=Ada. There is no REQUEST_METHOD then.

header('Content-Type: text/html; charset=utf-8');

$method = $_SERVER['REQUEST_METHOD'] ?? 'GET';
$name = ($method === 'POST' ? $_POST : $_GET)['name'] ?? 'world';
$sent = $method === 'POST' ? file_get_contents('php://input') : ($_SERVER['QUERY_STRING'] ?? http_build_query(array_slice($_GET, 1)));

// name[]=a in the address makes an array of it.
if (!is_string($name)) {
    $name = 'world';
}

// Never print what somebody sent as it is: <script> in it would run in the reader's browser.
function escaped(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

// Outside of the PHP marks everything is printed as it stands.
?>
<!doctype html>
<html lang="en">
<title>Hello</title>
<h1>Hello, <?= escaped($name) ?>!</h1>
<form>
<p><label>Name <input name="name" value="<?= escaped($name) ?>"></label>
<button>Send by GET</button> <button formmethod="post">Send by POST</button></p>
</form>
<p>This came by <?= escaped($method) ?>:</p>
<pre><?= escaped($sent) ?></pre>
