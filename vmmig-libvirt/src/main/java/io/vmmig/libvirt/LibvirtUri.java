// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A URI of a libvirt on this machine.
 *
 * @param text the URI as libvirt takes it
 * @param embeddedRoot the root directory of the embedded driver; empty for a daemon
 */
record LibvirtUri(String text, Optional<Path> embeddedRoot) {
    static LibvirtUri parse(String text) throws VmmigException {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw invalid(text, "is no URI");
        }
        String scheme = uri.getScheme();
        if (!"qemu".equals(scheme) && !"qemu+unix".equals(scheme)) {
            throw invalid(text, "is not qemu: or qemu+unix:");
        }
        // Memory passes through FIFOs, which only a libvirt on this machine can open.
        if (uri.getRawAuthority() != null) {
            throw invalid(text, "names a host, but vmmig only works with the libvirt of its own machine");
        }
        if (!"/embed".equals(uri.getPath())) {
            return new LibvirtUri(text, Optional.empty());
        }
        String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
        for (String parameter : query.split("&", -1)) {
            if (parameter.startsWith("root=/")) {
                String root = URLDecoder.decode(parameter.substring("root=".length()), StandardCharsets.UTF_8);
                return new LibvirtUri(text, Optional.of(Path.of(root)));
            }
        }
        throw invalid(text, "lacks root=, an absolute path");
    }

    private static VmmigException invalid(String text, String why) {
        return VmmigException.of(
                Problem.REQUEST_INVALID,
                "the libvirt URI " + text + " " + why,
                "Use qemu:///system, qemu:///session, qemu+unix:///system?socket=PATH or qemu:///embed?root=PATH.");
    }

    String remedyIfUnreachable() {
        return embeddedRoot
                .map(root ->
                        "libvirt's driver runs in this process, without a daemon: check that no other process uses "
                                + root + ", that this user can write there, and what " + root
                                + "/log/libvirt-embedded.log says.")
                .orElse(
                        "Check that libvirt's daemon (libvirtd or virtqemud) runs on this machine, and that this user may use "
                                + text + ".");
    }

    /** The QEMU log of a guest of that name. */
    String qemuLog(String guest) {
        String file = "/" + guest + ".log";
        return embeddedRoot
                .map(root -> root + "/log/qemu" + file)
                .orElse(
                        text.contains("///session")
                                ? "~/.cache/libvirt/qemu/log" + file
                                : "/var/log/libvirt/qemu" + file);
    }
}
