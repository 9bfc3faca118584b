// SPDX-License-Identifier: GPL-2.0-only
/* test_nldev.c - rdma netlink's answers, whole and broken */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include "kernel/nldev.h"

/* In memory of just that size: what is read beyond it is seen by the sanitizer. */
static int parse(struct nldev *r, const void *reply, size_t len)
{
	void *copy = malloc(len);
	int rc;

	assert_non_null(copy);
	memcpy(copy, reply, len);
	rc = nldev_parse(r, NLDEV_DEVICES, copy, len);
	free(copy);
	return rc;
}

static void test_device(void **state)
{
	struct {
		struct nlmsghdr h;
		struct nlattr index;
		uint32_t number;
		struct nlattr name;
		char text[8];
		struct nlmsghdr done;
	} m = {
		.h.nlmsg_len = offsetof(__typeof__(m), done),
		.index = { .nla_len = NLA_HDRLEN + 4, .nla_type = RDMA_NLDEV_ATTR_DEV_INDEX },
		.number = 3,
		.name = { .nla_len = NLA_HDRLEN + 5, .nla_type = RDMA_NLDEV_ATTR_DEV_NAME },
		.text = "rxe0",
		.done = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_DONE },
	};
	struct nldev r = {};

	(void)state;
	assert_int_equal(parse(&r, &m, offsetof(__typeof__(m), done)), 0);
	assert_int_equal(parse(&r, &m, sizeof(m)), 1);
	assert_int_equal(r.nr_devices, 2);
	assert_int_equal(r.devices[1].index, 3);
	assert_string_equal(r.devices[1].name, "rxe0");
	/* an attribute that is longer than its message */
	m.name.nla_len = 200;
	assert_int_equal(parse(&r, &m, sizeof(m)), -EPROTO);
	/* a message that is longer than what came */
	m.h.nlmsg_len = sizeof(m) + 1;
	assert_int_equal(parse(&r, &m, sizeof(m)), -EPROTO);
	nldev_free(&r);
}

static void test_error(void **state)
{
	struct {
		struct nlmsghdr h;
		int error;
	} m = { .h = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR }, .error = -EPERM };
	struct nldev r = {};

	(void)state;
	assert_int_equal(parse(&r, &m, sizeof(m)), -EPERM);
	m.error = 0;
	assert_int_equal(parse(&r, &m, sizeof(m)), 1);
	/* without its number */
	m.h.nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(parse(&r, &m, NLMSG_HDRLEN), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
