// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.crypto.AgeIdentity;
import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Encrypts in the age format: all segments at once, so that the header, with its key exchange, is a small part. */
public class SealBenchmark extends StageBenchmark {
    /** Encrypts for one recipient. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.ALL_MIB)
    public void seal(Recipient recipient, MemorySegments memory) throws IOException {
        recipient.seal(memory, OutputStream.nullOutputStream());
    }

    /** Decrypts. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.ALL_MIB)
    public long open(Recipient recipient, Sealed sealed) throws IOException, VmmigException {
        return recipient.open(sealed);
    }

    /** The recipient. */
    @State(Scope.Benchmark)
    public static class Recipient {
        private final AgeIdentity identity = AgeIdentity.generate();
        private final byte[] opened = new byte[1 << 20];

        private void seal(MemorySegments memory, OutputStream to) throws IOException {
            try (SealingOutputStream out = AgeSealing.seal(to, List.of(identity.recipient()))) {
                for (byte[] segment : memory.all()) {
                    out.write(segment);
                }
                out.finish();
            }
        }

        private long open(Sealed sealed) throws IOException, VmmigException {
            long bytes = 0;
            try (InputStream in = AgeSealing.open(new ByteArrayInputStream(sealed.bytes), List.of(identity))) {
                for (int n = in.read(opened); n >= 0; n = in.read(opened)) {
                    bytes += n;
                }
            }
            return bytes;
        }
    }

    /** The encrypted data. */
    @State(Scope.Benchmark)
    public static class Sealed {
        private byte[] bytes = new byte[0];

        /** Seals it. */
        @Setup
        public void seal(Recipient recipient, MemorySegments memory) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            recipient.seal(memory, out);
            bytes = out.toByteArray();
        }
    }
}
