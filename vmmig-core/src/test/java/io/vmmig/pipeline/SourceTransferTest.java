// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Level;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SourceTransferTest {
    /** Nothing leaves until it is opened. */
    private static final class Gate extends OutputStream {
        private final CountDownLatch open = new CountDownLatch(1);

        @Override
        public void write(int b) throws IOException {
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
        }
    }

    /** The guest is paused between the rounds, and must not wait until the first one has left. */
    @Test
    @Timeout(60)
    void aRoundOverlapsWithTheOneBefore() throws Exception {
        Gate gate = new Gate();
        SourceTransfer transfer =
                new SourceTransfer(PackageWriter.to(gate, CodecWarmUp.manifest(4096), List.of(), Level.BALANCED));
        try {
            transfer.send(writer -> writer.writeDomain("<domain/>", null));
            assertThat(gate.open.getCount()).as("nothing has left yet").isEqualTo(1);
        } finally {
            gate.open.countDown();
            transfer.close();
        }
    }
}
