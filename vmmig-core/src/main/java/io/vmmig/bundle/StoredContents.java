// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.ByteCount;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.bundle.format.TarInput;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Compares a package with its seal without decoding anything. */
final class StoredContents {
    private static final int BUFFER_BYTES = 256 << 10;

    private StoredContents() {}

    /**
     * Reads the rest of a package, after its manifest.
     *
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when a content does not match the seal
     * @throws PackageFormatException when it is not a complete package
     */
    static void requireSealed(PackageWalk walk) throws IOException, PackageFormatException, IntegrityException {
        byte[] buffer = new byte[BUFFER_BYTES];
        List<SealedContent> contents = new ArrayList<>();
        contents.add(SealedContent.plain(TarInput.FIRST_ENTRY, walk.json()));
        PackageWalk.Entry entry = walk.next();
        while (entry != null) {
            EntryPosition place = entry.place();
            ByteCount stored = new ByteCount();
            long segments = 0;
            do {
                walk.pass(entry, buffer, length -> stored.add(buffer, length));
                segments++;
                entry = walk.next();
            } while (entry != null && entry.segment() > 0);
            contents.add(SealedContent.stored(
                    place.name(), place.kind().encoding(), place.kind().segmented() ? segments : 0, stored));
        }
        walk.seal().requireStored(contents);
    }
}
