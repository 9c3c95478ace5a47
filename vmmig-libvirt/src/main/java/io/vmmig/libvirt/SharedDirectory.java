// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.posix.OwnDirectory;
import io.vmmig.xml.Xml;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory where the programs of a user coordinate their migrations of one libvirt's guests. Its name contains the host's
 * uuid, so that it does not depend on the URI.
 */
final class SharedDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(SharedDirectory.class);
    private static final int NAME_DIGITS = 16;

    private SharedDirectory() {}

    /** Empty if there is no directory that only this user can write to. */
    static Optional<Path> of(LibvirtUri uri, String capabilities, Path workDirectory) throws VmmigException {
        String name = name(uri, capabilities);
        try {
            return Optional.of(OwnDirectory.in(OwnDirectory.ofThisUser(workDirectory), name));
        } catch (IOException e) {
            LOG.warn("programs that use another state directory may not notice which guests this one moves", e);
            return Optional.empty();
        }
    }

    private static String name(LibvirtUri uri, String capabilities) throws VmmigException {
        String host = Xml.child(LibvirtXml.parse(capabilities), "host")
                .map(element -> Xml.text(element, "uuid"))
                .orElse("");
        MessageDigest sha256 = Digest.newSha256();
        String driver = uri.embeddedRoot()
                .map(Path::toString)
                .orElse(String.valueOf(URI.create(uri.text()).getPath()));
        sha256.update((host + " " + driver).getBytes(StandardCharsets.UTF_8));
        return Digest.of(sha256).hex().substring(0, NAME_DIGITS);
    }
}
