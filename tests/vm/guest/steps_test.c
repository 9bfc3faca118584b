// SPDX-License-Identifier: GPL-2.0-only
/* steps_test.c - the comparison itself: it accepts what is equal and nothing else. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "steps.h"

/* A history as daxtop prints it: fault in, unmapped by somebody else. */
static struct json_object *sample(void)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"schema\":1,\"type\":\"history\",\"folio\":\"x\",\"refcount\":1,"
		 "\"refcount_inferred\":false,\"mapcount\":0,\"pins\":0,\"doubtful\":false,\"predates\":false,\"steps_dropped\":0,\"steps\":["
		 "{\"event\":\"insert\",\"observed\":true,\"after_loss\":false,\"flags\":[\"write\"],"
		 "\"tgid\":%d,\"comm\":\"guest-test\",\"refcount_before\":0,\"refcount_after\":0,\"mapcount\":0,"
		 "\"pins\":0,\"order\":9},"
		 "{\"event\":\"fault-ref\",\"observed\":false,\"after_loss\":false,\"flags\":[],"
		 "\"tgid\":0,\"comm\":\"\",\"refcount_before\":0,\"refcount_after\":1,\"mapcount\":1,"
		 "\"pins\":2,\"order\":9},"
		 "{\"event\":\"unmap\",\"observed\":true,\"after_loss\":false,"
		 "\"tgid\":7,\"comm\":\"kworker/0:1\",\"refcount_before\":1,\"refcount_after\":1,\"mapcount\":0,"
		 "\"pins\":0,\"order\":0}]}",
		 getpid());
	return json_tokener_parse(text);
}

#define EQUAL(...)                                                                                  \
	do {                                                                                        \
		const char *why_ = steps_compare(h, 9, (const char *const[]){ __VA_ARGS__, NULL }); \
		if (why_)                                                                           \
			fail("%s", why_);                                                           \
	} while (0)
#define DIFFERS(text, ...)                                                                          \
	do {                                                                                        \
		const char *why_ = steps_compare(h, 9, (const char *const[]){ __VA_ARGS__, NULL }); \
		if (!why_ || !strstr(why_, text))                                                   \
			fail("line %d: got %s, expected a text with `%s`", __LINE__,                \
			     why_ ? why_ : "equality", text);                                       \
	} while (0)

static void test_compare(struct place *p)
{
	struct json_object *h = sample();

	(void)p;
	must(h);
	EQUAL("insert 0>0 +write", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @kworker");
	EQUAL("insert 0>0 -shared @self", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 1", "remove 0>0", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 1", "~insert 0>0", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 1", "insert 1>0", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 1", "insert 0>1", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 1", "insert 0>0 o0", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 1", "insert 0>0 @kworker", "~fault-ref 0>1 m1 p2");
	DIFFERS("step 1", "insert 0>0 +shared", "~fault-ref 0>1 m1 p2");
	DIFFERS("step 1", "insert 0>0 -write", "~fault-ref 0>1 m1 p2");
	DIFFERS("step 2", "insert 0>0", "fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 2", "insert 0>0", "~fault-ref 0>1 m0 p2", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 2", "insert 0>0", "~fault-ref 0>1 m1 p1", "unmap 1>1 m0 p0 o0 @*");
	DIFFERS("step 3", "insert 0>0", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0");
	DIFFERS("step 3", "insert 0>0", "~fault-ref 0>1 m1 p2");
	DIFFERS("step 4", "insert 0>0", "~fault-ref 0>1 m1 p2", "unmap 1>1 m0 p0 o0 @*", "free 1>0");
	DIFFERS("predating", "=predates", "insert 0>0", "~fault-ref 0>1 m1 p2",
		"unmap 1>1 m0 p0 o0 @*");
}

/* The fields beside the steps count too. */
static void test_compare_rest(struct place *p)
{
	static const char *const same[] = { "insert 0>0", "~fault-ref 0>1 m1 p2",
					    "unmap 1>1 m0 p0 o0 @*", NULL };
	static const char *const predates[] = { "=predates", "insert 0>0", "~fault-ref 0>1 m1 p2",
						"unmap 1>1 m0 p0 o0 @*", NULL };
	struct json_object *h = sample();

	(void)p;
	must(!steps_compare(h, 9, same));
	json_object_object_add(h, "refcount", json_object_new_int(2));
	must(steps_compare(h, 9, same));
	json_object_object_add(h, "refcount", json_object_new_int(1));
	json_object_object_add(h, "doubtful", json_object_new_boolean(1));
	must(steps_compare(h, 9, same));
	json_object_object_add(h, "doubtful", json_object_new_boolean(0));
	json_object_object_add(h, "steps_dropped", json_object_new_int(1));
	must(steps_compare(h, 9, same));
	json_object_object_add(h, "steps_dropped", json_object_new_int(0));
	json_object_object_add(h, "predates", json_object_new_boolean(1));
	must(steps_compare(h, 9, same));
	must(!steps_compare(h, 9, predates));
}

/* A mapping of device-dax that went; nothing, or a look, or a second mapping came after it. */
#define STEP(event, observed, before, after, map)                                       \
	"{\"event\":\"" event "\",\"observed\":" observed                               \
	",\"after_loss\":false,\"tgid\":7,\"comm\":\"x\","                              \
	"\"refcount_before\":" before ",\"refcount_after\":" after ",\"mapcount\":" map \
	",\"pins\":0,\"order\":9}"
#define INSTALL STEP("install", "true", "1", "2", "1")
#define UNMAP	"," STEP("unmap", "true", "2", "2", "0")
#define ZAP_PUT "," STEP("zap-put", "false", "2", "1", "0")
#define LOOK	"," STEP("sample", "true", "1", "1", "0")

static struct json_object *unmapped(const char *later, int ref, int map, bool inferred)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"refcount\":%d,\"refcount_inferred\":%s,\"mapcount\":%d,\"pins\":0,"
		 "\"doubtful\":false,\"predates\":false,\"steps_dropped\":0,\"steps\":[" INSTALL UNMAP
		 "%s]}",
		 ref, inferred ? "true" : "false", map, later);
	return json_tokener_parse(text);
}

#define ONCE "install 1>2 m1 @*", "unmap 2>2 m0 @*"

/* How long the workload took is not in its steps: a look may have come, and says what is true. */
static void test_compare_late(struct place *p)
{
	struct json_object *h;

	(void)p;
	h = unmapped("", 2, 0, false);
	EQUAL(ONCE);
	DIFFERS("step 3", ONCE, "~zap-put 2>1");
	h = unmapped("", 1, 0, true);
	EQUAL(ONCE);
	h = unmapped("", 1, 0, false);
	DIFFERS("own figures", ONCE);
	h = unmapped("", 2, 0, true);
	DIFFERS("own figures", ONCE);
	h = unmapped(ZAP_PUT LOOK, 1, 0, false);
	EQUAL(ONCE);
	EQUAL(ONCE, "~zap-put 2>1");
	DIFFERS("step 3", ONCE, "install 1>2 m1 @*");
	h = unmapped(ZAP_PUT, 1, 0, false);
	DIFFERS("step 3", ONCE);
	h = unmapped(LOOK, 1, 0, false);
	DIFFERS("step 3", ONCE);
	h = unmapped(ZAP_PUT LOOK "," INSTALL, 2, 1, false);
	EQUAL(ONCE, "~zap-put 2>1", "install 1>2 m1 @*");
	EQUAL(ONCE, "install 1>2 m1 @*");
	h = unmapped(ZAP_PUT "," INSTALL, 2, 1, false);
	EQUAL(ONCE, "~zap-put 2>1", "install 1>2 m1 @*");
	DIFFERS("step 3", ONCE, "install 1>2 m1 @*");
	h = unmapped("," INSTALL, 2, 1, false);
	EQUAL(ONCE, "install 1>2 m1 @*");
	DIFFERS("step 3", ONCE, "~zap-put 2>1", "install 1>2 m1 @*");
}

const struct test steps_tests[] = {
	TEST("harness/compare", ON_NONE, test_compare),
	TEST("harness/compare-rest", ON_NONE, test_compare_rest),
	TEST("harness/compare-late", ON_NONE, test_compare_late),
	TESTS_END,
};
