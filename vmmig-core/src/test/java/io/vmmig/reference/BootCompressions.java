// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.tukaani.xz.FilterOptions;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZOutputStream;

/** What kernels and ramdisks are compressed with, by others than us. */
final class BootCompressions {
    private BootCompressions() {}

    interface Compressor {
        OutputStream to(OutputStream out) throws IOException;
    }

    private static byte[] compressed(byte[] content, Compressor compressor) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = compressor.to(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    /** As Linux' xz_wrap.sh does for x86, with a dictionary of 1 MiB. */
    static byte[] xz(byte[] content) throws IOException {
        return xz(content, 1 << 20);
    }

    static byte[] xz(byte[] content, int dictionary) throws IOException {
        return compressed(
                content,
                out -> new XZOutputStream(
                        out, new FilterOptions[] {new X86Options(), options(dictionary)}, XZ.CHECK_CRC32));
    }

    private static LZMA2Options options(int dictionary) throws IOException {
        LZMA2Options options = new LZMA2Options(0);
        options.setDictSize(dictionary);
        return options;
    }

    /** Of unknown size, with a marker at its end, as the command writes it. */
    static byte[] lzma(byte[] content) throws IOException {
        return compressed(content, out -> new LZMAOutputStream(out, options(1 << 20), -1));
    }

    static byte[] bzip2(byte[] content) throws IOException {
        return bzip2(content, 9);
    }

    static byte[] bzip2(byte[] content, int level) throws IOException {
        return compressed(content, out -> new BZip2CompressorOutputStream(out, level));
    }
}
