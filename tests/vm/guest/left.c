// SPDX-License-Identifier: GPL-2.0-only
/* left.c - nothing is left of the tests before: a page that they harmed would be found in later ones. */
#include "scan.h"

void test_left_nothing(struct place *none)
{
	struct daxtop *d = SCAN();
	struct json_object *f = line_of(d, "folio", 0), *p;

	(void)none;
	if (f)
		fail("a folio is in use, or broken: %s", json_text(f));
	for (size_t i = 0; (p = line_of(d, "pgmap", i)); i++)
		if (field_int(p, "pgmap_refs_unexplained"))
			fail("a pgmap has references that nobody holds: %s", json_text(p));
}
