// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;

/** Carries rounds of contents into one package. It knows nothing of the hand-over. For one thread, but for {@link #close}. */
final class SourceTransfer {
    private final PackageWriter writer;

    SourceTransfer(PackageWriter writer) {
        this.writer = writer;
    }

    /** Sends a round, all of which is on its way when this returns. */
    void send(Round round) throws VmmigException {
        try {
            round.send(writer);
            writer.flush();
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "could not write the package",
                    "Check the files of the guest and try again.");
        }
    }

    /** Completes the package; without its end the destination trusts nothing of it. */
    PackageSummary complete(PackageWriter.Signer signer) throws VmmigException {
        return writer.finish(signer);
    }

    /** Ends whatever is under way, and frees the memory that it takes; from any thread. */
    void close() {
        writer.close();
    }
}
