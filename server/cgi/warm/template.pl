# A template: a Perl interpreter that starts CGI scripts by fork and not anew. See template.py for what
# is said over the socket, which is descriptor 0 here, too. The server starts it with the words of a
# script's #! line, as
#
#     perl [FLAGS] '-M5;BEGIN{sysread STDIN,$_,262144;eval;die$@if$@}' /dev/null
#
# so that this text runs before perl reads the main program. In a child it returns when the script has
# taken the place of /dev/null: perl itself then reads, compiles and runs it. Nothing is loaded but
# Filter::Util::Call, which gives the main program its name.

package Gatehouse::Template;

require Filter::Util::Call;

my $message = 262144;     # bytes of a message at most
my $program = 3;          # the descriptor of the main program, in a cold start, too
my $close_on_exec = 02000000;

# The modules of perl's own library that are loaded ahead when a script uses them. Loading these
# writes nothing and looks at nothing of the request.
my %ahead = map { $_ => 1 } qw(
  Carp Cwd Data::Dumper Digest::MD5 Digest::SHA Encode Errno Exporter Fcntl File::Basename File::Copy
  File::Path File::Spec File::Spec::Functions File::Temp Getopt::Long HTTP::Tiny I18N::Langinfo
  IO::File IO::Handle IO::Select IO::Socket JSON::PP List::Util MIME::Base64 POSIX Scalar::Util Socket
  Storable Symbol Text::ParseWords Text::Wrap Time::HiRes Time::Local Time::Piece Unicode::Normalize
  base bytes constant feature fields integer overload parent re strict utf8 vars warnings);

our $main_script;    # in a child
my (%number, %known, $server, $own_idle, @limits, @bare);

sub say_it { syswrite $server, $_[0] }

# Ends without what perl does at its end.
sub leave { syscall $number{exit}, $_[0] }

sub address { unpack 'J', pack 'p', $_[0] }

# A string that the kernel may write into: not one that perl shares with a constant.
sub room { my $out = "\0" x $_[0]; vec($out, 0, 8) = 0; $out }

sub read_settings {
    sysread $server, my $text, $message;
    my @words = split /\0/, $text, -1;
    pop @words;
    my %named;
    while (length(my $word = shift @words)) {
        my ($name, $value) = split /=/, $word, 2;
        $named{$name} = $value;
    }
    $number{$_} = int $named{$_} for qw(clone prctl recvmsg write close dup3 prlimit64 exit tid);
    $own_idle = $named{idle};
    @limits = map { [split /:/] } split / /, $named{limits};
    return ($named{load}, map { [split /=/, $_, 2] } @words);
}

# What keeps this interpreter from being a template, or nothing.
sub obstacle {
    my %given = map { @$_ } @_;
    for my $name (sort keys %given, keys %ENV) {
        my ($now, $before) = ($ENV{$name}, $given{$name});
        next if defined $now && defined $before && $now eq $before;
        return "what the #! line starts is a wrapper that changes the environment ($name)";
    }
    return 'PERL_UNICODE is set' if ${^UNICODE};
    return 'its integers or pointers have not 64 bits' if length pack('J p', 0, '') != 16;
    return 'descriptor 3 is not the main program' if readlink("/proc/self/fd/$program") ne '/dev/null';
    return 'PERL5LIB or PERLLIB names a relative directory' if grep { !ref && !m{^/} } @INC;
    return;
}

# Loads a module as `use` does; the name is one word of letters, digits, _ and ::.
sub load {
    my $file = "$_[0].pm";
    $file =~ s{::}{/}g;
    local ($@, $!, $SIG{__DIE__});
    return eval { require $file; 1 };
}

sub loaded_ahead { my %bare = map { $_ => 1 } @bare; grep { !$bare{$_} } keys %INC }

# clone(2) as the C library's fork does it, but for CLONE_PARENT. Gives 0 in the child.
my @clone;
sub prepare_fork {
    my $tid = room(8);
    syscall($number{prctl}, 40, address($tid), 0, 0, 0) == 0 or return;    # PR_GET_TID_ADDRESS
    my $at = unpack 'J', $tid;
    my $flags = 0x8000 | 0x200000 | 0x1000000 | 17;    # PARENT, CHILD_CLEARTID, CHILD_SETTID, SIGCHLD
    @clone = ($flags, 0, 0, $number{tid} == 4 ? ($at, 0) : (0, $at));
    syscall $number{prctl}, 1, 9, 0, 0, 0;    # PR_SET_PDEATHSIG: also when it hangs
    return 1;
}

# A start: its words and its descriptors; nothing at the end.
sub next_start {
    my $in = '';
    vec($in, fileno $server, 1) = 1;
    return if select($in, undef, undef, $own_idle) < 1;
    my ($text, $control) = (room(16384), room(64));
    my $vector = pack 'J J', address($text), length $text;
    my $head = pack 'J L x4 J J J J L x4', 0, 0, address($vector), 1, address($control), 64, 0;
    my $size = syscall $number{recvmsg}, fileno $server, $head, 0x40000000;    # MSG_CMSG_CLOEXEC
    return if $size <= 0;
    my ($directory, $script, $words) = split /\0/, substr($text, 0, $size);
    return {
        directory => $directory, script => $script, size => $words,
        descriptors => [unpack 'x16 l4', $control],
    };
}

sub identity { join ' ', (stat $_[0])[0, 1, 7, 9, 10] }

# What the script uses and where it looks for it, as far as its text tells.
sub look_at {
    my ($script) = @_;
    my $identity = identity($script);
    open my $file, '<', $script or return { identity => '' };
    my $text = do { local $/; <$file> };
    close $file;
    $text =~ s/^(?:__END__|__DATA__)$.*//ms;
    my ($base) = $script =~ m{^(.*)/};
    my (@directories, $unclear);
    while ($text =~ /\buse\s+lib\b([^;]*);/g) {
        my $where = $1;
        $where =~ s/\$FindBin::(?:Real)?Bin\b|\$\{FindBin::(?:Real)?Bin\}/$base/g;
        $unclear = 1 if $where =~ /[\$\@&.]\w|`/ && $where !~ m{^\s*(?:qw\W)?['"(]?[./]};
        push @directories, map { m{^/} ? $_ : "$base/$_" } grep { length } split /[\s,'"()]+|\bqw\b/, $where;
    }
    $unclear = 1 if $text =~ /\@INC\b|\blocal::lib\b/;
    my @uses = grep { $ahead{$_} } $text =~ /^\s*use\s+([\w:]+)/mg;
    return { identity => $identity, uses => \@uses, directories => \@directories, unclear => $unclear };
}

# Whether the script may find another module where the template has loaded the library's.
sub may_differ {
    my ($seen) = @_;
    my @files = loaded_ahead() or return;
    return 1 if $seen->{unclear};
    for my $directory (@{ $seen->{directories} }) {
        -e "$directory/$_" and return 1 for @files;
    }
    return;
}

# Gives the start, in the child.
sub serve {
    say_it('ready');
    while (my $start = next_start() || leave(0)) {
        my $script = $start->{script};
        my $seen = $known{$script};
        $main_script = $script;
        my $new = !$seen || $seen->{identity} ne identity($script);
        $seen = look_at($script) if $new;
        if ($script =~ /["\n]/ || may_differ($seen)) {
            say_it("note $script: it says where its modules are");
        } else {
            say_it('busy') if $new;
            syscall($number{clone}, @clone) or return $start;
            learn($script, $seen) if $new;
        }
        syscall $number{close}, $_ for @{ $start->{descriptors} };
    }
}

sub learn {
    my ($script, $seen) = @_;
    %known = () if keys %known >= 64;
    $known{$script} = $seen;
    unless ($seen->{unclear} || @{ $seen->{directories} }) { load($_) for @{ $seen->{uses} } }
    say_it('ready');
}

# Perl remembers by itself what program it was told to run, and names that when it cannot compile it.
# The handler is gone when the program begins.
sub name_in_compile_errors {
    my $text = "$_[0]";
    die $text
        if $text =~ s{^Execution of \K/dev/null(?= aborted due to compilation errors\.$)}{$main_script}m;
}
INIT { delete $SIG{__DIE__} if ($SIG{__DIE__} // '') eq \&name_in_compile_errors }

# The words that come when the server knows the process id: how many arguments there are, these, and the environment.
sub read_words {
    my ($socket, $size) = @_;
    my $text = '';
    while (length $text < $size) { sysread $socket, $text, $size - length $text, length $text or leave(127) }
    my @words = split /\0/, $text, -1;
    pop @words;
    return @words;
}

# Tells the server the process id, and takes what belongs to the start.
sub take_over {
    my ($start) = @_;
    my ($script, @descriptors) = ($start->{script}, @{ $start->{descriptors} });
    setpgrp 0, 0;
    my $id = "$$";
    syscall($number{write}, $descriptors[3], $id, length $id) == length $id or leave(127);
    open my $socket, '<&=', $descriptors[3] or leave(127);
    my @words = read_words($socket, $start->{size});
    my @arguments = splice @words, 0, shift @words;
    close $socket;
    for my $target (0 .. 2) {
        syscall $number{dup3}, $descriptors[$target], $target, 0;
        syscall $number{close}, $descriptors[$target];
    }
    close $server;
    open my $file, '<:raw', $script or die "Can't open perl script \"$script\": $!\n";
    syscall $number{dup3}, fileno $file, $program, $close_on_exec;
    close $file;
    chdir $start->{directory};
    for (@limits) {
        my $limit = pack 'q q', @$_[1, 2];
        syscall $number{prlimit64}, 0, $_->[0] + 0, $limit, 0;
    }
    %ENV = map { split /=/, $_, 2 } @words;
    @ARGV = @arguments;
    $0 = $script;
    $^T = time;
    $SIG{__DIE__} = \&name_in_compile_errors;
    Filter::Util::Call::filter_add(
        sub { $_ = "#line 1 \"$main_script\"\n"; Filter::Util::Call::filter_del(); 1 });
}

@bare = keys %INC;
open $server, '+<&', \*STDIN or die;
open my $null, '<', '/dev/null' or die;
my ($load, @environment) = read_settings();
syscall $number{dup3}, fileno $null, 0, 0;
close $null;
my $obstacle = obstacle(@environment);
$obstacle = 'prctl(PR_GET_TID_ADDRESS) is refused' if !$obstacle && !prepare_fork();
if ($obstacle) { say_it("failed $obstacle"); leave(1) }
load($_) or say_it("note $_ cannot be loaded ahead") for split / /, $load;
take_over(serve());
undef $_;
$! = 0;
