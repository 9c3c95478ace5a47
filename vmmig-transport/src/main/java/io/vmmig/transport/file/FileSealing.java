// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.IntegrityException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.crypto.AgeIdentity;
import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.SealingOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * For whom a package file is sealed, and by whom one is opened.
 *
 * @param decided whether it was said for whom, be it for nobody
 * @param recipients for whom; empty for a file in the clear
 * @param identities what opens files; empty if that was not said
 */
record FileSealing(boolean decided, Set<NodeKeys> recipients, List<AgeIdentity> identities) {
    static final FileSealing UNDECIDED = new FileSealing(false, Set.of(), List.of());

    FileSealing {
        recipients = Set.copyOf(recipients);
        identities = List.copyOf(identities);
    }

    FileSealing sealedFor(Set<NodeKeys> hosts) {
        return new FileSealing(true, hosts, identities);
    }

    FileSealing openedBy(HostIdentity self) {
        return new FileSealing(decided, recipients, self.sealingIdentities());
    }

    Set<String> fingerprints() {
        return recipients.stream().map(keys -> keys.fingerprint().hex()).collect(Collectors.toSet());
    }

    /** Seals what goes into {@code file}; null if it is to be in the clear. */
    @Nullable
    SealingOutputStream begin(OutputStream file) throws IOException {
        return recipients.isEmpty()
                ? null
                : AgeSealing.seal(
                        file, recipients.stream().map(NodeKeys::sealing).toList());
    }

    /**
     * The package that a file holds, sealed or not.
     *
     * @param content the file's bytes, which can be marked
     */
    InputStream opened(InputStream content, Path file) throws IOException, VmmigException {
        if (!AgeSealing.begins(content)) {
            return content;
        }
        if (identities.isEmpty()) {
            throw new IntegrityException(
                    Problem.SEAL_NOT_FOR_US,
                    "the package " + file + " is sealed, and nobody has said who opens it",
                    "Say so with PackageFile.openedBy(…).");
        }
        return AgeSealing.open(content, identities);
    }
}
