// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
/* screen.c - the terminal: taken over, drawn on, given back whatever happens */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "view/model.h"

/* A picture of many folios costs time: it gets at most a fifth of it. */
#define COST_FACTOR 4
#define DRAW_MIN_MS 20

struct screen {
	struct model *model;
	SCREEN *terminal;
	bool colors; /* the terminal has them */
	uint64_t due; /* ms: when the next picture is wanted */
	uint64_t earliest; /* ms: not before, for what the last one cost */
};

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

/* ---- giving the terminal back ---- */

/*
 * endwin() allocates and locks: not for a signal handler. What it would write
 * is put together while all is well.
 */
static struct {
	volatile sig_atomic_t active;
	char text[256];
	size_t len;
	struct termios termios;
} restore;

static const int fatal_signals[] = { SIGSEGV, SIGBUS,  SIGILL,	SIGFPE, SIGABRT, SIGSYS,
				     SIGTRAP, SIGQUIT, SIGTERM, SIGINT, SIGHUP,	 SIGXCPU };
#define NR_FATAL (sizeof(fatal_signals) / sizeof(fatal_signals[0]))
static struct sigaction saved_actions[NR_FATAL];
static bool replaced_actions[NR_FATAL];
static struct sigaction saved_alarm;

static void terminal_restore(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (!restore.active)
		return;
	restore.active = 0;
	/* Nothing can be done when it fails: the terminal may be what went away, or take nothing. */
	fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	if (write(STDOUT_FILENO, restore.text, restore.len) < 0 && errno != EAGAIN)
		return;
	fcntl(STDOUT_FILENO, F_SETFL, flags); /* the shell's, too */
	tcsetattr(STDIN_FILENO, TCSANOW, &restore.termios);
}

/* ---- a terminal that takes nothing: an ssh that hangs, a window that is stopped ---- */

#define STUCK_S 1

static const volatile sig_atomic_t *stop; /* see struct screen_options */

/* ncurses goes on writing after every signal, and would for ever. */
static void stuck_handler(int sig)
{
	int saved = errno;

	(void)sig;
	if (stop && *stop) {
		terminal_restore();
		_exit(0);
	}
	alarm(STUCK_S);
	errno = saved;
}

static void fatal_handler(int sig)
{
	terminal_restore();
	/* SA_RESETHAND: the default action now, with its core and its status */
	raise(sig);
}

/* Handlers of the caller stay: it ends its loop and calls screen_close(). */
static void signals_take(void)
{
	struct sigaction action = { .sa_handler = fatal_handler,
				    .sa_flags = SA_RESETHAND | SA_NODEFER };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < NR_FATAL; i++)
		if (replaced_actions[i])
			sigaction(fatal_signals[i], &action, NULL);
	action = (struct sigaction){ .sa_handler = stuck_handler };
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, &saved_alarm);
}

/* Before ncurses sets handlers of its own. */
static void signals_note(void)
{
	for (size_t i = 0; i < NR_FATAL; i++)
		replaced_actions[i] = !sigaction(fatal_signals[i], NULL, &saved_actions[i]) &&
				      !(saved_actions[i].sa_flags & SA_SIGINFO) &&
				      saved_actions[i].sa_handler == SIG_DFL;
}

static void signals_give(void)
{
	for (size_t i = 0; i < NR_FATAL; i++)
		if (replaced_actions[i])
			sigaction(fatal_signals[i], &saved_actions[i], NULL);
	sigaction(SIGALRM, &saved_alarm, NULL);
}

static int restore_putc(int c)
{
	if (restore.len < sizeof(restore.text))
		restore.text[restore.len++] = c;
	return c;
}

static void restore_prepare(void)
{
	/* terminfo(5): attributes, colours, keypad, cursor, the screen that was there before */
	static const char *const names[] = { "sgr0", "op", "rmkx", "cnorm", "rmcup" };
	static bool registered;

	restore.len = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *s = tigetstr((char *)names[i]);

		if (s && s != (char *)-1)
			tputs(s, 1, restore_putc);
	}
	/* without an alternate screen the prompt must not land in the picture */
	if (!enter_ca_mode)
		restore_putc('\n');
	if (!registered)
		registered = !atexit(terminal_restore);
	restore.active = 1;
}

/* ---- taking it over ---- */

int screen_check(char *err, size_t errlen)
{
	const char *term = getenv("TERM");
	struct winsize size;
	int status;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(err, errlen, "standard %s is no terminal: use daxtop top --batch",
			 isatty(STDIN_FILENO) ? "output" : "input");
		return -ENOTTY;
	}
	if (!term || !*term) {
		snprintf(err, errlen,
			 "TERM is not set: set it to the terminal's type or use daxtop top "
			 "--batch");
		return -ENOTTY;
	}
	if (setupterm(NULL, STDOUT_FILENO, &status) == ERR) {
		/* status: curs_terminfo(3), setupterm() */
		const char *why = "the terminal's type (TERM) is unknown or too dumb for a screen: "
				  "set another or use daxtop top --batch";

		if (status == 1)
			why = "the terminal is too dumb for a screen: use daxtop top --batch";
		else if (status < 0)
			why = "there is no terminfo database: install ncurses-base or use "
			      "daxtop top --batch";
		snprintf(err, errlen, "%s", why);
		return -ENOTTY;
	}
	if (!cursor_address || !clear_screen) {
		snprintf(err, errlen,
			 "the terminal (TERM) can't move its cursor: use daxtop top --batch");
		del_curterm(cur_term);
		return -ENOTTY;
	}
	del_curterm(cur_term);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    (size.ws_row < MODEL_ROWS_MIN || size.ws_col < MODEL_COLS_MIN)) {
		snprintf(err, errlen,
			 "the terminal is too small, %ux%u: make it at least %ux%u or use "
			 "daxtop top --batch",
			 size.ws_col, size.ws_row, MODEL_COLS_MIN, MODEL_ROWS_MIN);
		return -ENOTTY;
	}
	return 0;
}

static const struct {
	attr_t plain; /* without colours */
	attr_t attr; /* with */
	short fore, back; /* -1: the terminal's own */
} looks[CANVAS_ATTRS] = {
	[ATTR_NORMAL] = { A_NORMAL, A_NORMAL, -1, -1 },
	[ATTR_DIM] = { A_DIM, A_DIM, -1, -1 },
	[ATTR_TITLE] = { A_BOLD | A_UNDERLINE, A_NORMAL, COLOR_BLACK, COLOR_GREEN },
	[ATTR_STRONG] = { A_BOLD, A_BOLD, -1, -1 },
	[ATTR_SELECTED] = { A_REVERSE, A_NORMAL, COLOR_BLACK, COLOR_CYAN },
	[ATTR_PIN] = { A_BOLD, A_NORMAL, COLOR_YELLOW, -1 },
	[ATTR_WAIT] = { A_BOLD, A_BOLD, COLOR_RED, -1 },
	[ATTR_ALARM] = { A_BOLD | A_REVERSE, A_BOLD, COLOR_WHITE, COLOR_RED },
	[ATTR_KEY] = { A_BOLD, A_BOLD, COLOR_CYAN, -1 },
};

static void colors_start(struct screen *s)
{
	if (!has_colors() || start_color() == ERR || COLOR_PAIRS <= CANVAS_ATTRS)
		return;
	s->colors = true;
	use_default_colors();
	for (int i = 0; i < CANVAS_ATTRS; i++)
		init_pair(i + 1, looks[i].fore, looks[i].back);
}

/* ^S would stop our writes, and with them the reading of the ring. */
static void flow_off(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t))
		return;
	t.c_iflag &= ~(tcflag_t)IXON;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	def_prog_mode();
}

struct screen *screen_open(const struct screen_options *o, char *err, size_t errlen)
{
	struct screen *s;

	setlocale(LC_CTYPE, "");
	if (screen_check(err, errlen))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s)
		s->model = model_new(o);
	if (!s || !s->model) {
		free(s);
		snprintf(err, errlen, "memory is short");
		return NULL;
	}
	tcgetattr(STDIN_FILENO, &restore.termios);
	stop = o->stop;
	signals_note();
	s->terminal = newterm(NULL, stdout, stdin);
	if (!s->terminal) {
		snprintf(err, errlen, "the terminal can't be set up: use daxtop top --batch");
		model_free(s->model);
		free(s);
		return NULL;
	}
	restore_prepare();
	signals_take();
	set_term(s->terminal);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	leaveok(stdscr, TRUE);
	flow_off();
	colors_start(s);
	return s;
}

void screen_close(struct screen *s)
{
	if (!s)
		return;
	alarm(STUCK_S);
	endwin();
	alarm(0);
	restore.active = 0;
	signals_give();
	delscreen(s->terminal);
	model_free(s->model);
	free(s);
}

/* ---- keys ---- */

int screen_fd(const struct screen *s)
{
	(void)s;
	return STDIN_FILENO;
}

int screen_timeout(const struct screen *s)
{
	uint64_t now = clock_ms(), due = s->due > s->earliest ? s->due : s->earliest;

	return due > now ? due - now : 0;
}

static unsigned int key_translate(int result, wint_t key)
{
	static const struct {
		wint_t curses;
		unsigned int model;
	} codes[] = {
		{ KEY_UP, MODEL_KEY_UP },	  { KEY_DOWN, MODEL_KEY_DOWN },
		{ KEY_PPAGE, MODEL_KEY_PAGE_UP }, { KEY_NPAGE, MODEL_KEY_PAGE_DOWN },
		{ KEY_HOME, MODEL_KEY_HOME },	  { KEY_END, MODEL_KEY_END },
		{ KEY_ENTER, MODEL_KEY_ENTER },	  { KEY_BACKSPACE, MODEL_KEY_BACKSPACE },
		{ KEY_FIND, MODEL_KEY_HOME },	  { KEY_SELECT, MODEL_KEY_END },
		{ KEY_DC, MODEL_KEY_BACKSPACE },
	};

	if (result == KEY_CODE_YES) {
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			if (codes[i].curses == key)
				return codes[i].model;
		return 0;
	}
	switch (key) {
	case '\n':
	case '\r':
		return MODEL_KEY_ENTER;
	case '\b':
	case 127:
		return MODEL_KEY_BACKSPACE;
	case 27:
		return MODEL_KEY_ESCAPE;
	}
	return key;
}

/* Readable, but nothing to read: the terminal is gone. */
static bool terminal_gone(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int waiting = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return ioctl(STDIN_FILENO, FIONREAD, &waiting) || !waiting;
}

enum screen_result screen_key(struct screen *s)
{
	unsigned int todo = 0;
	int result;
	wint_t key;

	while (!(todo & MODEL_QUIT)) {
		result = get_wch(&key);
		if (result == ERR)
			break;
		if (result == KEY_CODE_YES && key == KEY_RESIZE)
			todo |= MODEL_REDRAW;
		else
			todo |= model_key(s->model, key_translate(result, key));
	}
	if (todo & MODEL_QUIT || terminal_gone())
		return SCREEN_QUIT;
	if (todo & MODEL_REDRAW)
		s->due = 0;
	return SCREEN_GO_ON;
}

/* ---- drawing ---- */

static void size_follow(void)
{
	struct winsize size;
	int rows, cols;

	getmaxyx(stdscr, rows, cols);
	/* SIGWINCH may have gone to a wait that hid it from ncurses. */
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    (size.ws_row != rows || size.ws_col != cols))
		resizeterm(size.ws_row, size.ws_col);
}

static void canvas_show(const struct screen *s)
{
	const struct canvas *c = &s->model->canvas;
	bool color = s->colors && s->model->color;

	erase();
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols; col++) {
			const struct canvas_cell *cell = &c->cells[(size_t)row * c->cols + col];
			cchar_t cc;

			if (!cell->ch[0] || (cell->ch[0] == L' ' && cell->attr == ATTR_NORMAL))
				continue;
			setcchar(&cc, cell->ch,
				 color ? looks[cell->attr].attr : looks[cell->attr].plain,
				 color ? cell->attr + 1 : 0, NULL);
			mvadd_wch(row, col, &cc);
		}
	}
	if (s->model->repaint)
		clearok(curscr, TRUE);
	s->model->repaint = false;
	alarm(STUCK_S);
	refresh();
	alarm(0);
}

int screen_draw(struct screen *s, const struct snapshot *snap, const struct screen_info *info)
{
	uint64_t start = clock_ms(), cost;
	int rows, cols, err;

	size_follow();
	getmaxyx(stdscr, rows, cols);
	err = model_draw(s->model, snap, info, rows, cols);
	if (err)
		return err;
	canvas_show(s);
	cost = clock_ms() - start;
	s->due = start + s->model->delay_ms;
	s->earliest = start + cost;
	s->earliest += cost * COST_FACTOR > DRAW_MIN_MS ? cost * COST_FACTOR : DRAW_MIN_MS;
	return 0;
}
