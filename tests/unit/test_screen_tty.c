// SPDX-License-Identifier: GPL-2.0-only
/* test_screen_tty.c - a (pseudo) terminal: taken over, drawn on, given back whatever happens */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include "view/screen.h"
#include "view_feed.h"

#define ENTER_SCREEN "\x1b[?1049h" /* smcup of xterm */
#define LEAVE_SCREEN "\x1b[?1049l" /* rmcup */
#define TIMEOUT_MS   20000

struct tty {
	pid_t pid;
	int fd;
	int result[2]; /* the child's own word, apart from the terminal */
	char out[1 << 18];
	size_t len;
	struct termios before;
};

struct child {
	const char *term; /* NULL: not set */
	int rows, cols;
	bool color;
	int raise; /* signal after the first picture */
	bool exits; /* by exit() after the first picture, without screen_close() */
	bool ignore_hangup;
	bool block_winch;
	bool stuck; /* its terminal takes nothing more, from before the first picture on */
};

static volatile sig_atomic_t wanted; /* the end */

static void want_end(int sig)
{
	(void)sig;
	wanted = 1;
}

/* Nobody reads. */
static void tty_fill(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	while (write(STDOUT_FILENO, "x", 1) == 1)
		;
	fcntl(STDOUT_FILENO, F_SETFL, flags);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* What a command does with the screen. Writes what it ended with on @fd. */
static void child_run(const struct child *c, int fd)
{
	struct screen_options o = { .delay_ms = 100, .no_color = !c->color, .stop = &wanted };
	struct screen_info info = { .version = "0.1.0" };
	struct engine *e = feed_engine();
	char err[256];
	struct screen *s;
	int status = 0;

	/* sanitizers take signals for themselves */
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	if (c->ignore_hangup)
		signal(SIGHUP, SIG_IGN);
	if (c->block_winch) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGWINCH);
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	if (c->term)
		setenv("TERM", c->term, 1);
	else
		unsetenv("TERM");
	setenv("LC_ALL", "C.UTF-8", 1);
	feed_path(e, "/mnt/\xe6\x97\xa5", 8, 0);
	feed_fault(e, 1000, 0);
	feed_pin(e, 2000, 0, 0);
	s = screen_open(&o, err, sizeof(err));
	if (!s) {
		dprintf(fd, "%s", err);
		_exit(2);
	}
	if (c->stuck) {
		signal(SIGTERM, want_end);
		tty_fill();
		dprintf(fd, "full");
	}
	for (bool quit = false; !quit && !wanted;) {
		struct pollfd p = { .fd = screen_fd(s), .events = POLLIN };

		info.now = now_ns();
		if (!screen_timeout(s)) {
			assert_int_equal(screen_draw(s, engine_now(e), &info), 0);
			if (c->raise)
				raise(c->raise);
			if (c->exits)
				exit(3);
		}
		poll(&p, 1, screen_timeout(s));
		quit = screen_key(s) == SCREEN_QUIT;
	}
	screen_close(s);
	status = tcgetattr(STDIN_FILENO, &(struct termios){ 0 });
	dprintf(fd, "quit");
	engine_free(e);
	_exit(c->ignore_hangup ? 0 : status ? 1 : 0);
}

static void tty_start(struct tty *t, const struct child *c)
{
	struct winsize size = { .ws_row = c->rows, .ws_col = c->cols };
	int slave;

	memset(t, 0, sizeof(*t));
	assert_int_equal(pipe(t->result), 0);
	assert_int_equal(openpty(&t->fd, &slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(slave, &t->before), 0);
	fflush(stdout);
	t->pid = fork();
	assert_true(t->pid >= 0);
	if (!t->pid) {
		close(t->fd);
		login_tty(slave);
		close(t->result[0]);
		child_run(c, t->result[1]);
	}
	close(slave);
	close(t->result[1]);
}

/* Reads what was drawn until @text is in it. */
static void tty_expect(struct tty *t, const char *text)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	while (!memmem(t->out, t->len, text, strlen(text))) {
		ssize_t n;

		assert_true(t->len < sizeof(t->out));
		if (poll(&p, 1, TIMEOUT_MS) <= 0)
			fail_msg("'%s' was not drawn", text);
		n = read(t->fd, t->out + t->len, sizeof(t->out) - t->len);
		if (n <= 0)
			fail_msg("'%s' was not drawn before the end", text);
		t->len += n;
	}
}

static bool tty_saw(const struct tty *t, const char *text)
{
	return memmem(t->out, t->len, text, strlen(text));
}

/* Reads the rest, checks that the terminal is as it was; returns the wait status. */
static int tty_end(struct tty *t, const char *result)
{
	char text[512] = "";
	struct termios after;
	ssize_t n = 0;
	int status;

	if (t->fd >= 0) {
		/* EIO: the child closed its side */
		while ((n = read(t->fd, t->out + t->len, sizeof(t->out) - t->len)) > 0)
			t->len += n;
	}
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	n = read(t->result[0], text, sizeof(text) - 1);
	assert_true(n >= 0);
	assert_string_equal(text, result);
	close(t->result[0]);
	if (t->fd >= 0) {
		assert_int_equal(tcgetattr(t->fd, &after), 0);
		assert_int_equal(after.c_lflag, t->before.c_lflag);
		assert_int_equal(after.c_iflag, t->before.c_iflag);
		assert_int_equal(after.c_oflag, t->before.c_oflag);
		close(t->fd);
	}
	return status;
}

/* The last thing written is what leaves the full screen. */
static void expect_left(const struct tty *t)
{
	size_t at = 0;

	assert_true(tty_saw(t, ENTER_SCREEN));
	for (size_t i = 0; i + strlen(LEAVE_SCREEN) <= t->len; i++)
		if (!memcmp(t->out + i, LEAVE_SCREEN, strlen(LEAVE_SCREEN)))
			at = i;
	assert_true(at > 0);
	for (size_t i = at; i + strlen(ENTER_SCREEN) <= t->len; i++)
		assert_memory_not_equal(t->out + i, ENTER_SCREEN, strlen(ENTER_SCREEN));
	/* nothing but modes behind it: no text lands on the user's own screen */
	assert_false(memmem(t->out + at, t->len - at, "daxtop", 6));
}

static struct tty tty; /* large */

static void test_quit(void **state)
{
	struct child c = { .term = "xterm-256color", .rows = 24, .cols = 80, .color = true };
	int status;

	(void)state;
	tty_start(&tty, &c);
	tty_expect(&tty, "0x108000");
	tty_expect(&tty, "/mnt/\xe6\x97\xa5:0x0");
	assert_int_equal(write(tty.fd, "q", 1), 1);
	status = tty_end(&tty, "quit");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	expect_left(&tty);
	/* colours: foreground of a title */
	assert_true(tty_saw(&tty, "\x1b[30m"));
	/* the mouse is the user's */
	assert_false(tty_saw(&tty, "\x1b[?1000h"));
	assert_false(tty_saw(&tty, "\x1b[?1006"));
}

static void test_no_color(void **state)
{
	struct child c = { .term = "xterm-256color", .rows = 24, .cols = 80 };

	(void)state;
	tty_start(&tty, &c);
	tty_expect(&tty, "0x108000");
	assert_int_equal(write(tty.fd, "q", 1), 1);
	tty_end(&tty, "quit");
	for (int n = 30; n < 48; n++) {
		char sgr[16];

		snprintf(sgr, sizeof(sgr), "\x1b[%dm", n);
		if (n != 38 && n != 39)
			assert_false(tty_saw(&tty, sgr));
	}
}

static void test_vt100(void **state)
{
	struct child c = { .term = "vt100", .rows = 24, .cols = 80, .color = true };
	int status;

	(void)state;
	tty_start(&tty, &c);
	tty_expect(&tty, "0x108000");
	/* arrow keys as a vt100 sends them, a lone escape, an unknown sequence */
	assert_int_equal(write(tty.fd, "\x1bOB\x1bOA\x1b[99~", 11), 11);
	assert_int_equal(write(tty.fd, "?", 1), 1);
	tty_expect(&tty, "this help");
	assert_int_equal(write(tty.fd, "qq", 2), 2);
	status = tty_end(&tty, "quit");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_refused(const char *term, int rows, int cols, const char *sentence)
{
	struct child c = { .term = term, .rows = rows, .cols = cols };
	int status;

	tty_start(&tty, &c);
	status = tty_end(&tty, sentence);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	/* nothing was drawn, not half either */
	assert_int_equal(tty.len, 0);
}

static void test_refused(void **state)
{
	(void)state;
	expect_refused("dumb", 24, 80,
		       "the terminal (TERM) can't move its cursor: use daxtop top --batch");
	expect_refused("no-such-terminal", 24, 80,
		       "the terminal's type (TERM) is unknown or too dumb for a screen: set another or "
		       "use daxtop top --batch");
	expect_refused(NULL, 24, 80,
		       "TERM is not set: set it to the terminal's type or use daxtop top --batch");
	expect_refused("xterm", 24, 59,
		       "the terminal is too small, 59x24: make it at least 60x10 or use daxtop top "
		       "--batch");
	expect_refused("xterm", 9, 80,
		       "the terminal is too small, 80x9: make it at least 60x10 or use daxtop top "
		       "--batch");
}

static void test_no_terminal(void **state)
{
	struct screen_options o = { .delay_ms = 1000 };
	int in = dup(STDIN_FILENO), null = open("/dev/null", O_RDWR);
	char err[256];

	(void)state;
	assert_true(in >= 0 && null >= 0);
	assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO);
	assert_null(screen_open(&o, err, sizeof(err)));
	assert_string_equal(err, "standard input is no terminal: use daxtop top --batch");
	assert_int_equal(dup2(in, STDIN_FILENO), STDIN_FILENO);
	close(in);
	close(null);
}

/* Killed by what is not expected: the user gets the terminal back, the parent the signal. */
static void test_signals(void **state)
{
	static const int signals[] = { SIGSEGV, SIGBUS,	 SIGILL, SIGFPE, SIGABRT,
				       SIGQUIT, SIGTERM, SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct child c = {
			.term = "xterm-256color", .rows = 24, .cols = 80, .raise = signals[i]
		};
		int status;

		tty_start(&tty, &c);
		status = tty_end(&tty, "");
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		expect_left(&tty);
	}
}

static void test_exit(void **state)
{
	struct child c = { .term = "xterm-256color", .rows = 24, .cols = 80, .exits = true };
	int status;

	(void)state;
	tty_start(&tty, &c);
	status = tty_end(&tty, "");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	expect_left(&tty);
}

/* Also when the signal for it is lost: a wait elsewhere may have taken it. */
/* It ends all the same when that is wanted: in the picture, or in leaving the screen. */
static void test_stuck(void **state)
{
	struct child c = { .term = "xterm", .rows = 24, .cols = 80, .stuck = true };
	struct pollfd ended;
	char text[4];
	int status;

	(void)state;
	tty_start(&tty, &c);
	assert_int_equal(read(tty.result[0], text, sizeof(text)), 4);
	assert_memory_equal(text, "full", 4);
	kill(tty.pid, SIGTERM);
	ended = (struct pollfd){ .fd = tty.result[0], .events = POLLIN };
	if (poll(&ended, 1, TIMEOUT_MS) <= 0) {
		kill(tty.pid, SIGKILL);
		fail_msg("it did not end while its terminal took nothing");
	}
	status = tty_end(&tty, "");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ^S is no key of ours, and stops nothing. */
static void test_flow(void **state)
{
	struct child c = { .term = "xterm", .rows = 24, .cols = 80 };

	(void)state;
	tty_start(&tty, &c);
	tty_expect(&tty, "0x108000");
	assert_int_equal(write(tty.fd, "\x13h", 2), 2);
	tty_expect(&tty, "this help");
	assert_int_equal(write(tty.fd, "q", 1), 1);
	tty_end(&tty, "quit");
}

static void test_resize(void **state)
{
	struct winsize small = { .ws_row = 5, .ws_col = 30 }, large = { .ws_row = 50, .ws_col = 150 };

	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct child c = {
			.term = "xterm-256color", .rows = 24, .cols = 80, .block_winch = lost
		};

		tty_start(&tty, &c);
		tty_expect(&tty, "0x108000");
		assert_int_equal(ioctl(tty.fd, TIOCSWINSZ, &small), 0);
		tty_expect(&tty, "30x5 is too small");
		tty.len = 0;
		assert_int_equal(ioctl(tty.fd, TIOCSWINSZ, &large), 0);
		tty_expect(&tty, "LAST");
		assert_int_equal(write(tty.fd, "q", 1), 1);
		tty_end(&tty, "quit");
	}
}

/* The terminal goes away while the signal for it is ignored: no endless loop. */
static void test_hangup(void **state)
{
	struct child c = { .term = "xterm-256color", .rows = 24, .cols = 80, .ignore_hangup = true };
	int status;

	(void)state;
	tty_start(&tty, &c);
	tty_expect(&tty, "0x108000");
	close(tty.fd);
	tty.fd = -1;
	status = tty_end(&tty, "quit");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quit),	    cmocka_unit_test(test_no_color),
		cmocka_unit_test(test_vt100),	    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_terminal), cmocka_unit_test(test_signals),
		cmocka_unit_test(test_exit),	    cmocka_unit_test(test_resize),
		cmocka_unit_test(test_hangup),	    cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_flow),
	};

	/* a child that hangs must not hang the run */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
