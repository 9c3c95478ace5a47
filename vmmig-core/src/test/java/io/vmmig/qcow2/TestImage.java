// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Builds qcow2 images that hold nothing, and bad ones: any field of the header can be spoilt. */
final class TestImage {
    static final int FEATURE_NAMES = 0x6803f857;
    static final int BITMAPS = 0x23852875;
    static final int BACKING_FORMAT = 0xe2792aca;

    private record Extension(int type, int length, byte[] content) {}

    private final ByteBuffer header;
    private final List<Extension> extensions = new ArrayList<>();
    private @Nullable String backingName;
    private final int version;
    private final int clusterBits;

    private TestImage(int version, int clusterBits) {
        this.version = version;
        this.clusterBits = clusterBits;
        int cluster = 1 << clusterBits;
        int l1Entries = (int) (((1 << 20) + (long) cluster * cluster / 8 - 1) / ((long) cluster * cluster / 8));
        this.header = ByteBuffer.allocate(3 * cluster + 8 * l1Entries);
        header.putInt(0, 0x514649fb).putInt(4, version).putInt(20, clusterBits);
        header.putLong(24, 1 << 20);
        header.putInt(36, l1Entries).putLong(40, 3L * cluster);
        header.putLong(48, cluster).putInt(56, 1);
        if (version == 3) {
            header.putInt(96, 4).putInt(100, 112);
        }
    }

    static TestImage version(int version) {
        return new TestImage(version, 16);
    }

    static TestImage ofClusterBits(int bits) {
        return new TestImage(3, bits);
    }

    TestImage backing(String name, @Nullable String format) {
        backingName = name;
        return format == null ? this : extension(BACKING_FORMAT, format.getBytes(StandardCharsets.UTF_8));
    }

    TestImage extension(int type, byte... content) {
        return extension(type, content.length, content);
    }

    /** An extension that says it is longer or shorter than it is. */
    TestImage extension(int type, int length, byte[] content) {
        extensions.add(new Extension(type, length, content));
        return this;
    }

    TestImage with(int offset, int value) {
        header.putInt(offset, value);
        return this;
    }

    TestImage with(int offset, long value) {
        header.putLong(offset, value);
        return this;
    }

    byte[] bytes() {
        ByteBuffer out = ByteBuffer.wrap(header.array().clone());
        out.position(version == 2 ? 72 : header.getInt(100) == 104 ? 104 : 112);
        for (Extension extension : extensions) {
            int next = out.position() + 8 + (extension.content.length + 7) / 8 * 8;
            out.putInt(extension.type)
                    .putInt(extension.length)
                    .put(extension.content)
                    .position(next);
        }
        if (backingName != null) {
            byte[] name = backingName.getBytes(StandardCharsets.UTF_8);
            int at = out.position() + 8;
            out.putLong(8, at).putInt(16, name.length);
            out.position(at).put(name);
        }
        return out.array();
    }

    int clusterBytes() {
        return 1 << clusterBits;
    }

    Qcow2Header header() throws Exception {
        return header(bytes());
    }

    static Qcow2Header header(byte[] image) throws Exception {
        return Qcow2Header.read(new ByteArrayInputStream(image), "the image");
    }
}
