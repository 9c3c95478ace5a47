// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.bundle.format.TarHeader;
import io.vmmig.bundle.format.TarInput;
import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.json.Malformed;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;

/** Compares what a kept package stores with what its seal says, without decoding it. */
final class KeptPackageCheck {
    private static final int BUFFER_BYTES = 256 << 10;

    private KeptPackageCheck() {}

    /**
     * Reads the whole package.
     *
     * @throws PackageFormatException if it is not whole, or another package
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} if it is damaged
     */
    static void requireIntact(Path file, Digest seal) throws IOException, PackageFormatException, IntegrityException {
        PackageLimits limits = PackageLimits.DEFAULT;
        Map<String, MessageDigest> stored = new LinkedHashMap<>();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES)) {
            TarInput tar = new TarInput(in);
            for (TarHeader header = tar.next(); header != null; header = tar.next()) {
                if (header.name().equals(Seal.ENTRY)) {
                    requireSealed(tar.plain(header, limits.sealBytes()), seal, stored);
                    if (tar.next() == null) {
                        return;
                    }
                    throw Malformed.because("something follows the seal of the package");
                }
                byte[] content = tar.plain(header, Math.max(limits.xmlBytes(), limits.storedSegmentBytes()));
                stored.computeIfAbsent(contentOf(header.name()), name -> Digest.newSha256())
                        .update(content);
            }
        }
        throw Malformed.truncated("the package has no seal");
    }

    private static String contentOf(String entry) {
        int slash = entry.lastIndexOf('/');
        return slash < 0 ? entry : entry.substring(0, slash);
    }

    private static void requireSealed(byte[] json, Digest seal, Map<String, MessageDigest> stored)
            throws PackageFormatException, IntegrityException {
        if (!SealedContent.plain(Seal.ENTRY, json).digest().equals(seal)) {
            throw Malformed.because("the package has another seal than it was kept by");
        }
        for (SealedContent content : Seal.parse(json).contents()) {
            MessageDigest digest = stored.remove(content.name());
            if (digest == null || !Digest.of(digest).equals(content.storedDigest())) {
                throw new IntegrityException(
                        Problem.DIGEST_MISMATCH,
                        "the content " + content.name() + " of the package is not what was kept",
                        "");
            }
        }
        if (!stored.isEmpty()) {
            throw Malformed.because("the package holds more than its seal says");
        }
    }
}
