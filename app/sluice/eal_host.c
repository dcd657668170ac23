/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal_host.h"

#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

unsigned eal_host_channels(unsigned *n_rxq, const char *interface)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { .ifr_data = (void *)&channels };
	unsigned combined = 1;
	int fd;

	*n_rxq = 1;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return combined;
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0) {
		if (channels.max_combined > 0 && channels.combined_count > 0)
			combined = channels.combined_count;
		*n_rxq = channels.combined_count + channels.rx_count;
	}
	close(fd);
	return combined;
}

/* Looks without touching: a vhost-user listener takes any connection for its one peer. */
static bool listed(const char *path)
{
	enum { ACCEPTING = 0x10000 };
	FILE *f = fopen("/proc/net/unix", "re");
	char line[512], *at;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		/* Num RefCount Protocol Flags Type St Inode Path */
		unsigned long flags = 0;

		line[strcspn(line, "\n")] = '\0';
		at = strchr(line, '/');
		if (at == NULL || strcmp(at, path) != 0)
			continue;
		for (unsigned i = 0; i < 3; i++) {
			at = strchr(i == 0 ? line : at + 1, ' ');
			if (at == NULL)
				break;
		}
		if (at != NULL)
			flags = strtoul(at + 1, NULL, 16);
		found = (flags & ACCEPTING) != 0;
	}
	fclose(f);
	return found;
}

/* Listeners of other network namespaces are not listed, but can be connected to. */
static bool accepts(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	bool ok;
	int fd;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	ok = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0;
	close(fd);
	return ok;
}

bool eal_host_claim_socket(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return true;
	if (listed(path) || accepts(path))
		return false;
	unlink(path);
	return true;
}

unsigned eal_host_free_huge_mb(void)
{
	static const char dir[] = "/sys/kernel/mm/hugepages";
	DIR *d = opendir(dir);
	const struct dirent *entry;
	unsigned long long kb = 0;

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL) {
		unsigned long long size, n = 0;
		char path[320], text[32];
		FILE *f;

		if (strncmp(entry->d_name, "hugepages-", 10) != 0)
			continue;
		size = strtoull(entry->d_name + 10, NULL, 10);
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", dir, entry->d_name);
		f = fopen(path, "re");
		if (f == NULL)
			continue;
		if (fgets(text, sizeof(text), f) != NULL)
			n = strtoull(text, NULL, 10);
		fclose(f);
		kb += n * size;
	}
	closedir(d);
	return (unsigned)(kb / 1024);
}
