// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.Jws;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A destination's final statement about a package, for which the source waits: a JSON Web Signature by the destination's key.
 *
 * @param index the digest of the index of the package that was taken; null if it was refused
 */
record Receipt(UUID packageId, @Nullable Digest index) {
    static final int MAX_BYTES = 4 << 10;
    static final String SUFFIX = "receipt";
    private static final String TYPE = "vmmig-receipt+jws";
    private static final Pattern FORM =
            Pattern.compile("vmmig receipt 1\npackage ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n"
                    + "(?:refused|taken sha256:([0-9a-f]{64}))\n");

    /** The name of its object. */
    static String name(UUID packageId) {
        return packageId + "." + SUFFIX;
    }

    /** The guest runs at the destination, or has run there. */
    static Receipt taken(UUID packageId, Digest index) {
        return new Receipt(packageId, index);
    }

    /** The guest has never run at the destination from this package, and never will. */
    static Receipt refusal(UUID packageId) {
        return new Receipt(packageId, null);
    }

    /** As it is stored at the server. */
    byte[] signedBy(HostIdentity self) {
        String text =
                "vmmig receipt 1\npackage " + packageId + "\n" + (index == null ? "refused" : "taken " + index) + "\n";
        return self.sign(TYPE, text.getBytes(StandardCharsets.US_ASCII)).getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads a receipt of that host; throws for anything else. */
    static Receipt verified(byte[] content, SignerKey by) throws VmmigException {
        byte[] payload = Jws.verify(new String(content, StandardCharsets.ISO_8859_1), TYPE, by, MAX_BYTES);
        Matcher form = FORM.matcher(new String(payload, StandardCharsets.ISO_8859_1));
        if (!form.matches()) {
            throw VmmigException.of(
                    Problem.PACKAGE_MALFORMED, "it is not a receipt that this vmmig knows", "Use a newer vmmig.");
        }
        return new Receipt(UUID.fromString(form.group(1)), form.group(2) == null ? null : new Digest(form.group(2)));
    }
}
