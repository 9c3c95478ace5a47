// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server says of its objects outlives a power cut, also when its disk fails. */
@Tag("once")
class PackageShelfTest {
    private static final byte[] CONTENT = new byte[5000];
    private static final byte[] INDEX =
            new PartIndex("abc", CONTENT.length, 64 << 10, List.of(IndexHandOver.digestOf(CONTENT))).toBytes();
    private static final String PART = PartIndex.partName("abc", 0);

    private boolean fails;
    private PackageShelf shelf;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        shelf = new PackageShelf(directory, Long.MAX_VALUE) {
            @Override
            void sync(Path names) throws IOException {
                if (fails) {
                    throw new IOException("Input/output error");
                }
                super.sync(names);
            }
        };
        put(PART, CONTENT);
    }

    private int put(String name, byte[] content) throws IOException {
        return shelf.put("x", name, new ByteArrayInputStream(content), content.length);
    }

    private boolean isShown(String name) throws IOException {
        var content = shelf.open("x", name);
        if (content.isPresent()) {
            content.get().close();
        }
        return content.isPresent();
    }

    @Test
    void anIndexThatIsNotOnTheDiskIsNotShown() throws Exception {
        fails = true;
        assertThatThrownBy(() -> put(PartIndex.NAME, INDEX)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> isShown(PartIndex.NAME)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> put(PartIndex.NAME, INDEX)).isInstanceOf(IOException.class);
        fails = false;
        assertThat(isShown(PartIndex.NAME)).isTrue();
        assertThat(put(PartIndex.NAME, INDEX)).isEqualTo(204);
    }

    @Test
    void aPartThatACutCouldBringBackIsNotSaidToBeGone() throws Exception {
        fails = true;
        assertThatThrownBy(() -> shelf.delete("x", PART)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> isShown(PART)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> shelf.delete("x", PART)).isInstanceOf(IOException.class);
        fails = false;
        assertThat(isShown(PART)).isFalse();
        assertThat(shelf.delete("x", PART)).isFalse();
    }

    @Test
    void aReceiptIsTakenBesideAnIndex() throws Exception {
        assertThat(put(PartIndex.NAME, INDEX)).isEqualTo(201);
        assertThat(put(PART, CONTENT)).isEqualTo(409);
        assertThat(put("abc." + Receipt.SUFFIX, new byte[10])).isEqualTo(201);
        assertThat(isShown("abc." + Receipt.SUFFIX)).isTrue();
    }
}
