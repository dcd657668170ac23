/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target over the files of a directory, so that a corpus is a regression test with any
 * compiler. An input that breaks something ends the program: no "ok". */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads and runs one file; the copy is exactly as long as the input, for the address sanitizer. */
static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;
	int ok = 0;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		perror(path);
		if (f != NULL)
			fclose(f);
		return 0;
	}
	rewind(f);
	data = malloc((size_t)size + (size == 0));
	if (data != NULL && fread(data, 1, (size_t)size, f) == (size_t)size) {
		LLVMFuzzerTestOneInput(data, (size_t)size);
		ok = 1;
	}
	free(data);
	fclose(f);
	return ok;
}

static int replay_all(const char *path, DIR *dir)
{
	const struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir)) != NULL) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (!replay(file))
			return -1;
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	int n;

	if (dir == NULL) {
		fprintf(stderr, "usage: replay CORPUS\n");
		return 2;
	}
	printf("1..1\n");
	fflush(stdout);
	n = replay_all(argv[1], dir);
	closedir(dir);
	printf("%s 1 - %d inputs of the corpus\n", n > 0 ? "ok" : "not ok", n);
	return n > 0 ? 0 : 1;
}
