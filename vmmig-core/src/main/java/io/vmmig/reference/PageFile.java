// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.files.NewFile;
import io.vmmig.files.PrivateFiles;
import io.vmmig.files.SharedFile;
import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file with the pages of an unpacked kernel or ramdisk, followed by a block of checksums. */
final class PageFile {
    private static final Logger LOG = LoggerFactory.getLogger(PageFile.class);
    private static final int PAGE = PageSource.PAGE_BYTES;
    private static final int CHUNK_BYTES = 256 << 10;

    private static final long MAGIC = 0x67706d69676d6d76L;
    private static final int AT_BYTES = 8;
    private static final int AT_HASH = 16;
    private static final int AT_CONTENT = 24;
    private static final int AT_OWN_HASH = PAGE - Long.BYTES;

    private PageFile() {}

    /**
     * Unpacks a kernel or a ramdisk into pages.
     *
     * @param layout {@link PageLayout#BOOT_1} or {@link PageLayout#BOOT_2}
     * @param target the file of pages, which is replaced if it exists; unfinished files beside it begin with {@code temporary}
     * @param content the name of the content
     */
    static void create(Path source, PageLayout layout, Path target, String temporary, String content)
            throws IOException {
        Path unfinished = target.resolveSibling(PrivateFiles.unfinishedName(temporary));
        try (NewFile file = NewFile.create(unfinished)) {
            Pages pages = new Pages(file, BootContent.MAX_UNPACKED_BYTES);
            BootContent.takeApart(source, layout, pages);
            pages.finish(target, content);
            return;
        } catch (WriteException e) {
            throw e.failure;
        } catch (OutOfMemoryError e) {
            // Do not fall back to fewer pages: the other end may have enough heap, and must get the same pages.
            throw new IOException("the heap has no room to unpack " + source, e);
        } catch (IOException e) {
            LOG.debug("{} is not taken apart", source, e);
        }
        try (NewFile file = NewFile.create(unfinished)) {
            Pages pages = new Pages(file, Long.MAX_VALUE);
            BootContent.takeWhole(source, pages);
            pages.finish(target, content);
        } catch (WriteException e) {
            throw e.failure;
        }
    }

    /**
     * Opens a file of pages.
     *
     * @param content the name with which it was created
     * @param verified whether it is known to be unchanged since it was last verified
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws IOException if it is damaged or for other content
     */
    static RawPages open(Path path, String content, boolean verified) throws IOException {
        SharedFile file = SharedFile.open(path);
        try {
            long bytes = file.bytes() - PAGE;
            byte[] found = new byte[PAGE];
            if (bytes < 0 || bytes % PAGE != 0 || file.read(bytes, found, 0, PAGE) < PAGE) {
                throw new IOException(path + " is truncated");
            }
            long hash = verified
                    ? ByteBuffer.wrap(found).order(ByteOrder.LITTLE_ENDIAN).getLong(AT_HASH)
                    : hash(file, bytes);
            if (!Arrays.equals(found, trailer(content, bytes, hash))) {
                throw new IOException(path + " is damaged, or for other content");
            }
            return new RawPages(file, bytes);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static byte[] trailer(String content, long bytes, long hash) {
        ByteBuffer block = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        block.putLong(0, MAGIC).putLong(AT_BYTES, bytes).putLong(AT_HASH, hash);
        block.put(AT_CONTENT, content.getBytes(StandardCharsets.UTF_8));
        block.putLong(AT_OWN_HASH, PageHash.of(block.array(), 0));
        return block.array();
    }

    private static long hash(SharedFile file, long bytes) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        long hash = 0;
        for (long at = 0; at < bytes; at += CHUNK_BYTES) {
            int length = (int) Math.min(CHUNK_BYTES, bytes - at);
            file.read(at, chunk, 0, length);
            hash = extended(hash, chunk, length);
        }
        return hash;
    }

    private static long extended(long before, byte[] pages, int length) {
        long hash = before;
        for (int offset = 0; offset < length; offset += PAGE) {
            hash = IndexLayout.chained(hash, pages, offset);
        }
        return hash;
    }

    /** Writing has failed, rather than unpacking. */
    private static final class WriteException extends IOException {
        private static final long serialVersionUID = 1;

        private final IOException failure;

        WriteException(IOException failure) {
            super(failure);
            this.failure = failure;
        }
    }

    private static final class Pages implements BootContent.Sink {
        private final NewFile file;
        private final long limit;
        private final byte[] chunk = new byte[CHUNK_BYTES];
        private long hash;

        Pages(NewFile file, long limit) {
            this.file = file;
            this.limit = limit;
        }

        @Override
        public void take(InputStream in, long bytes) throws IOException {
            long left = bytes;
            while (left > 0) {
                int n = in.readNBytes(chunk, 0, (int) Math.min(chunk.length, left));
                if (n == 0) {
                    break;
                }
                int padded = (int) IndexLayout.padded(n, PAGE);
                Arrays.fill(chunk, n, padded, (byte) 0);
                hash = extended(hash, chunk, padded);
                append(padded);
                left -= n;
            }
        }

        private void append(int length) throws IOException {
            if (file.bytes() + length > limit) {
                throw new IOException("it unpacks to more than " + limit + " bytes");
            }
            try {
                file.append(new ByteArrayInputStream(chunk, 0, length), length, null);
            } catch (IOException e) {
                throw new WriteException(e);
            }
        }

        void finish(Path target, String content) throws WriteException {
            try {
                file.write(ByteBuffer.wrap(trailer(content, file.bytes(), hash)), file.bytes());
                file.finishAs(target);
            } catch (IOException e) {
                throw new WriteException(e);
            }
        }
    }
}
