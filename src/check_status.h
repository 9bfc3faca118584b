/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CHECK_STATUS_H
#define DAXTOP_CHECK_STATUS_H
/*
 * check_status.h - exit statuses of daxtop check that are neither CMD's nor of its verdict: those
 * that env(1), timeout(1) and the shells have made known. Other commands have 0, 1 and 2.
 */
enum check_status {
	CHECK_FAILED = 125, /* daxtop itself */
	CHECK_CANNOT_RUN = 126, /* CMD is there, and can't be run */
	CHECK_NOT_FOUND = 127, /* CMD is not there */
	CHECK_SIGNAL = 128, /* and the number of the signal that ended CMD */
};

#endif
