/* SPDX-License-Identifier: BSD-3-Clause */
#include "app.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2, ERROR_MAX = 512 };

static bool make_layout(struct app *app)
{
	struct core_set cores;
	char err[ERROR_MAX];

	if (layout_cores(&cores, &app->opt, err, sizeof(err)) &&
	    layout_make(&app->layout, &app->opt, &cores, err, sizeof(err)))
		return true;
	log_line(LOG_LEVEL_ERROR, "%s", err);
	return false;
}

static int act(struct app *app)
{
	if (!make_layout(app))
		return EXIT_USAGE;
	if (app->opt.action == OPTIONS_SHOW_LAYOUT) {
		layout_print(stdout, &app->layout, &app->opt, NULL);
		return EXIT_SUCCESS;
	}
	if (!app_load(app))
		return EXIT_USAGE;
	if (app->opt.action == OPTIONS_CHECK_CONFIG) {
		puts("configuration is good");
		return EXIT_SUCCESS;
	}
	return app_start(app) ? app_serve(app) : EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
	static struct app app;
	int rc = EXIT_SUCCESS;

	control_block_signals();
	switch (options_parse(&app.opt, stdout, stderr, argc, argv)) {
	case OPTIONS_GO:
		log_set_level(app.opt.log_level);
		rc = act(&app);
		break;
	case OPTIONS_DONE:
		break;
	case OPTIONS_ERROR:
		rc = EXIT_USAGE;
		break;
	}
	app_free(&app);
	options_free(&app.opt);
	return rc;
}
