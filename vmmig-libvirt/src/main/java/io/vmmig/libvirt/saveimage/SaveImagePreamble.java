// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.saveimage;

import io.vmmig.error.PackageFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Everything in a libvirt save image before QEMU's stream: the header, the domain XML, a NUL, the cookie, a NUL, and padding of
 * zeros.
 *
 * @param header the header
 * @param domainXml the domain XML
 * @param cookie libvirt's own data for the restore, or null
 */
public record SaveImagePreamble(SaveImageHeader header, String domainXml, @Nullable String cookie) {
    /** Padding after the XML, as libvirt adds, so that the XML can be edited in place. */
    private static final int RESERVE_BYTES = 1024;

    /** A preamble for restoring: complete, uncompressed, and with the guest paused. */
    public static SaveImagePreamble forRestore(String domainXml, @Nullable String cookie)
            throws PackageFormatException {
        int xml = utf8(domainXml).length + 1;
        int cookieOffset = cookie == null ? 0 : xml;
        long data = (long) xml + (cookie == null ? 0 : utf8(cookie).length + 1) + RESERVE_BYTES;
        if (data > SaveImageHeader.MAX_DATA_BYTES) {
            throw SaveImageHeader.malformed("a domain of " + data + " bytes");
        }
        return new SaveImagePreamble(new SaveImageHeader(true, (int) data, false, 0, cookieOffset), domainXml, cookie);
    }

    /**
     * Reads the preamble of a save image, and nothing after it.
     *
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#IMAGE_MALFORMED} for anything that is not a save image
     */
    public static SaveImagePreamble read(InputStream image) throws PackageFormatException, IOException {
        SaveImageHeader header = SaveImageHeader.parse(exactly(image, SaveImageHeader.BYTES));
        byte[] data = exactly(image, header.dataLength());
        int xmlEnd = terminator(data, 0, "the domain XML");
        if (xmlEnd == 0) {
            throw SaveImageHeader.malformed("there is no domain XML");
        }
        String xml = text(data, 0, xmlEnd);
        String cookie = null;
        int from = header.cookieOffset();
        if (from > 0) {
            if (from <= xmlEnd) {
                throw SaveImageHeader.malformed("the cookie begins inside the domain XML");
            }
            cookie = text(data, from, terminator(data, from, "the cookie"));
        }
        return new SaveImagePreamble(header, xml, cookie);
    }

    /** Writes the preamble. */
    public byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(SaveImageHeader.BYTES + header.dataLength());
        bytes.put(header.bytes());
        bytes.put(utf8(domainXml)).put((byte) 0);
        if (cookie != null) {
            bytes.put(utf8(cookie)).put((byte) 0);
        }
        return bytes.array();
    }

    private static byte[] exactly(InputStream image, int count) throws IOException, PackageFormatException {
        byte[] bytes = image.readNBytes(count);
        if (bytes.length < count) {
            throw SaveImageHeader.malformed("it ends after " + bytes.length + " of " + count + " bytes");
        }
        return bytes;
    }

    private static int terminator(byte[] data, int from, String what) throws PackageFormatException {
        for (int i = from; i < data.length; i++) {
            if (data[i] == 0) {
                return i;
            }
        }
        throw SaveImageHeader.malformed(what + " has no end");
    }

    private static String text(byte[] data, int from, int to) throws PackageFormatException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(data, from, to - from))
                    .toString();
        } catch (CharacterCodingException e) {
            throw SaveImageHeader.malformed("its text is not UTF-8");
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
