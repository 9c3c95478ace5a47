// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server says of its objects outlives a power cut, also when its disk fails. */
@Tag("once")
class PackageDirectoryTest {
    private static final byte[] CONTENT = new byte[5000];
    private static final byte[] INDEX =
            new PartIndex("abc", CONTENT.length, 64 << 10, List.of(IndexHandOver.digestOf(CONTENT))).toBytes();
    private static final String PART = PartIndex.partName("abc", 0);

    private static final long SMALL = PackageDirectory.LEAST_BYTES;

    @TempDir
    private Path directory;

    private boolean fails;
    private long free = Long.MAX_VALUE;
    private Instant now = Instant.now();
    private PackageDirectory shelf;

    @BeforeEach
    void open() throws Exception {
        shelf = open(PackageHandler.Limits.DEFAULT);
        put(PART, CONTENT);
    }

    private PackageDirectory open(PackageHandler.Limits limits) throws Exception {
        Clock clock = new Clock() {
            @Override
            public Instant instant() {
                return now;
            }

            @Override
            public ZoneId getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                throw new UnsupportedOperationException();
            }
        };
        return new PackageDirectory(directory, limits, clock) {
            @Override
            long free() {
                return free;
            }

            @Override
            void sync(Path names) throws IOException {
                if (fails) {
                    throw new IOException("Input/output error");
                }
                super.sync(names);
            }
        };
    }

    private int put(String name, byte[] content) throws IOException {
        return put("a", "x", name, content);
    }

    private int put(String client, String place, String name, byte[] content) throws IOException {
        return shelf.put(client, place, name, new ByteArrayInputStream(content), content.length);
    }

    private static String part(int number) {
        return PartIndex.partName("abc", number);
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

    @Test
    void emptyPartsCountAndSoDoesWhatIsAnnounced() throws Exception {
        shelf = open(PackageHandler.Limits.DEFAULT.bytes(4 * SMALL, 4 * SMALL));
        byte[] nothing = new byte[0];
        assertThat(put("a", "y", part(0), nothing)).isEqualTo(201);
        assertThat(put("a", "y", part(1), nothing)).isEqualTo(201);
        InputStream announced = new ByteArrayInputStream(new byte[9]) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                assertThat(status("y", part(3)))
                        .as("while another is on its way")
                        .isEqualTo(507);
                return super.read(target, offset, length);
            }
        };
        assertThat(shelf.put("a", "y", part(2), announced, 9)).isEqualTo(201);
        assertThat(put("a", "y", part(3), nothing)).isEqualTo(507);
        assertThat(shelf.delete("y", part(0))).isTrue();
        assertThat(put("a", "y", part(3), nothing)).isEqualTo(201);
        shelf = open(PackageHandler.Limits.DEFAULT.bytes(4 * SMALL, 4 * SMALL));
        assertThat(put("a", "y", part(4), nothing)).as("after a restart").isEqualTo(507);
    }

    private int status(String place, String name) {
        try {
            return put("a", place, name, new byte[0]);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aClientThatHasHadItsPartLeavesTheOthersTheirs() throws Exception {
        PackageHandler.Limits limits = PackageHandler.Limits.DEFAULT.bytes(8 * SMALL, 2 * SMALL);
        shelf = open(limits);
        assertThat(put("a", "x", part(1), CONTENT)).isEqualTo(201);
        assertThat(put("a", "x", part(2), CONTENT)).isEqualTo(507);
        assertThat(put("a", "elsewhere", part(0), CONTENT)).isEqualTo(507);
        assertThat(put("b", "y", part(0), CONTENT)).isEqualTo(201);
        assertThat(put("b", "x", part(2), CONTENT)).as("in a place of a's").isEqualTo(507);

        shelf = open(limits);
        assertThat(put("a", "x", part(2), CONTENT)).as("after a restart").isEqualTo(507);
        assertThat(put("b", "y", part(1), CONTENT)).isEqualTo(201);
        assertThat(put("b", "y", part(2), CONTENT)).isEqualTo(507);
        shelf.delete("x", part(0));
        shelf.delete("x", part(1));
        assertThat(directory.resolve("x")).doesNotExist();
        assertThat(put("a", "z", part(0), CONTENT)).isEqualTo(201);
    }

    @Test
    void allClientsTogetherHaveALimitToo() throws Exception {
        shelf = open(PackageHandler.Limits.DEFAULT.bytes(2 * SMALL, 2 * SMALL));
        assertThat(put("b", "y", part(0), CONTENT)).isEqualTo(201);
        assertThat(put("c", "z", part(0), CONTENT)).isEqualTo(507);
        assertThat(shelf.delete("x", PART)).isTrue();
        assertThat(put("c", "z", part(0), CONTENT)).isEqualTo(201);
    }

    @Test
    void whatNobodyHasMadeAPackageOfIsRemoved() throws Exception {
        String receipt = "abc." + Receipt.SUFFIX;
        put("a", "whole", PART, CONTENT);
        put("a", "whole", PartIndex.NAME, INDEX);
        put("a", "refused", PART, CONTENT);
        put("a", "refused", receipt, new byte[10]);
        Duration age = PackageHandler.Limits.DEFAULT.abandonedAfter();

        now = now.plus(age).minusSeconds(60);
        put("a", "other", PART, CONTENT);
        assertThat(isShown(PART)).as("not yet").isTrue();
        now = now.plus(Duration.ofHours(2));
        Files.setLastModifiedTime(directory.resolve("other").resolve(PART), FileTime.from(now));
        put("a", "other", part(1), CONTENT);

        assertThat(isShown(PART)).isFalse();
        assertThat(directory.resolve("x")).doesNotExist();
        assertThat(directory.resolve("whole").resolve(PART)).exists();
        assertThat(directory.resolve("other").resolve(PART)).exists();
        assertThat(directory.resolve("refused").resolve(PART)).doesNotExist();
        assertThat(directory.resolve("refused").resolve(receipt)).exists();
        put(PART, CONTENT);
        now = now.plus(age).plusSeconds(60);
        open(PackageHandler.Limits.DEFAULT);
        assertThat(directory.resolve("x")).as("at a start").doesNotExist();
    }

    @Test
    void abandonedPartsMakeRoom() throws Exception {
        shelf = open(PackageHandler.Limits.DEFAULT.bytes(2 * SMALL, 2 * SMALL));
        put(part(1), CONTENT);
        now = now.plus(Duration.ofMinutes(59));
        assertThat(put("a", "y", PART, CONTENT)).isEqualTo(507);
        now = now.plus(PackageHandler.Limits.DEFAULT.abandonedAfter());
        assertThat(put("a", "y", PART, CONTENT)).isEqualTo(201);
    }

    @Test
    void someOfTheDiskStaysFree() throws Exception {
        free = SMALL - 1;
        assertThat(put("a", "y", PART, CONTENT)).isEqualTo(507);
        free = SMALL;
        assertThat(put("a", "y", PART, CONTENT)).isEqualTo(201);
    }

    /** Without it the guest stays paused at its source. */
    @Test
    void theReceiptOfAPackageIsTakenThoughNothingElseFits() throws Exception {
        put(PartIndex.NAME, INDEX);
        String receipt = "abc." + Receipt.SUFFIX;
        byte[] content = new byte[10];
        shelf = open(PackageHandler.Limits.DEFAULT.bytes(2 * SMALL, 2 * SMALL));
        assertThat(put(receipt, content)).as("over the limits").isEqualTo(201);
        shelf.delete("x", receipt);
        shelf = open(PackageHandler.Limits.DEFAULT);
        free = 0;
        assertThat(put(receipt, content)).as("on a full disk").isEqualTo(201);

        assertThat(put("ab." + Receipt.SUFFIX, content))
                .as("of another package")
                .isEqualTo(507);
        assertThat(put("a", "y", receipt, content)).as("without a package").isEqualTo(507);
    }

    @Test
    void aDirectoryThatOthersCanWriteIsRefused() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> open(PackageHandler.Limits.DEFAULT)).hasMessageContaining("can be written by other");
    }
}
