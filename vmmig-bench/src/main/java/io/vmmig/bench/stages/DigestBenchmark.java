// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.content.Digest;
import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.security.MessageDigest;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Hashes: the digest of packages, the hash that finds pages, and a checksum for comparison. */
public class DigestBenchmark extends StageBenchmark {
    /** SHA-256 of a segment as a whole. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public byte[] sha256(MemorySegments memory) {
        MessageDigest digest = Digest.newSha256();
        digest.update(memory.next());
        return digest.digest();
    }

    /** SHA-256 of each page. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public byte sha256OfPages(MemorySegments memory) {
        MessageDigest digest = Digest.newSha256();
        byte[] segment = memory.next();
        byte all = 0;
        for (int at = 0; at < segment.length; at += PageSource.PAGE_BYTES) {
            digest.update(segment, at, PageSource.PAGE_BYTES);
            all ^= digest.digest()[0];
        }
        return all;
    }

    /** The hash of each page. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public long pageHash(MemorySegments memory) {
        byte[] segment = memory.next();
        long all = 0;
        for (int at = 0; at < segment.length; at += PageSource.PAGE_BYTES) {
            all ^= PageHash.of(segment, at);
        }
        return all;
    }

    /** CRC-32C of a segment as a whole. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public long crc32c(MemorySegments memory) {
        CRC32C crc = new CRC32C();
        crc.update(memory.next());
        return crc.getValue();
    }
}
