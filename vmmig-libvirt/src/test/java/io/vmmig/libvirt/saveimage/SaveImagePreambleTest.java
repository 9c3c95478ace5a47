// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.saveimage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SaveImagePreambleTest {
    private static final String XML = "<domain type='qemu'><name>gäst</name></domain>";
    private static final String COOKIE = "<cookie><cpu/></cookie>";

    private static byte[] image() throws PackageFormatException {
        return SaveImagePreamble.forRestore(XML, COOKIE).bytes();
    }

    private static SaveImagePreamble read(byte[] bytes) throws PackageFormatException, IOException {
        return SaveImagePreamble.read(new ByteArrayInputStream(bytes));
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        SaveImagePreamble read = read(image());
        assertThat(read.domainXml()).isEqualTo(XML);
        assertThat(read.cookie()).isEqualTo(COOKIE);
        assertThat(read.header().complete()).isTrue();
        assertThat(read.header().wasRunning()).isFalse();
        assertThat(read.header().compression()).isZero();
    }

    @Test
    void aCookieMayBeMissing() throws Exception {
        SaveImagePreamble read = read(SaveImagePreamble.forRestore(XML, null).bytes());
        assertThat(read.domainXml()).isEqualTo(XML);
        assertThat(read.cookie()).isNull();
    }

    @Test
    void theLayoutIsLibvirts() throws Exception {
        byte[] bytes = image();
        ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int xmlBytes = XML.getBytes(StandardCharsets.UTF_8).length;
        assertThat(new String(bytes, 0, 16, StandardCharsets.US_ASCII)).isEqualTo("LibvirtQemudSave");
        assertThat(words.getInt(16)).isEqualTo(2);
        assertThat(words.getInt(20)).isEqualTo(bytes.length - 92);
        assertThat(words.getInt(24)).isZero();
        assertThat(words.getInt(28)).isZero();
        assertThat(words.getInt(32)).isEqualTo(xmlBytes + 1);
        assertThat(Arrays.copyOfRange(bytes, 36, 92)).containsOnly(0);
        assertThat(bytes[92 + xmlBytes]).isZero();
        assertThat(Arrays.copyOfRange(bytes, bytes.length - 1024, bytes.length)).containsOnly(0);
    }

    @Test
    void nothingBehindThePreambleIsTouched() throws Exception {
        byte[] image = image();
        byte[] longer = Arrays.copyOf(image, image.length + 4);
        longer[image.length] = 'Q';
        ByteArrayInputStream in = new ByteArrayInputStream(longer);
        SaveImagePreamble.read(in);
        assertThat(in.read()).isEqualTo('Q');
    }

    /** The word at an offset is replaced by a value, and that is refused for a reason. */
    @ParameterizedTest
    @CsvSource({
        "0, 1768055116, not a libvirt save image",
        "16, 1, version 1",
        "16, -1, version 4294967295",
        "20, 0, a domain of 0 bytes",
        "20, 16777217, a domain of 16777217 bytes",
        "20, -1, a domain of 4294967295 bytes",
        "20, 16777216, it ends after",
        "20, 10, cookie",
        "24, 2, run state 2",
        "32, 1, inside the domain XML",
        "32, -5, a cookie at 4294967291",
    })
    void aHeaderThatLiesIsRefused(int offset, int value, String reason) throws Exception {
        byte[] bytes = image();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value);
        if (offset == 0) {
            bytes[4] = 'x';
        }
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOfSatisfying(PackageFormatException.class, e -> assertThat(e.problem())
                        .isEqualTo(Problem.IMAGE_MALFORMED))
                .hasMessageContaining(reason);
    }

    @Test
    void anXmlWithoutAnEndIsRefused() throws Exception {
        byte[] bytes = image();
        Arrays.fill(bytes, SaveImageHeader.BYTES, bytes.length, (byte) 'x');
        assertThatThrownBy(() -> read(bytes)).hasMessageContaining("has no end");
    }

    @Test
    void aDomainThatIsNotTextIsRefused() throws Exception {
        byte[] bytes = image();
        bytes[SaveImageHeader.BYTES + 3] = (byte) 0xff;
        assertThatThrownBy(() -> read(bytes)).hasMessageContaining("UTF-8");
    }

    @Test
    void aDomainThatNobodyWouldReadIsNotWritten() {
        assertThatThrownBy(() -> SaveImagePreamble.forRestore("x".repeat(SaveImageHeader.MAX_DATA_BYTES), null))
                .isInstanceOf(PackageFormatException.class);
    }

    @Test
    void everyTruncationIsRefused() throws Exception {
        byte[] bytes = image();
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> read(cut)).isInstanceOf(PackageFormatException.class);
        }
    }

    @Test
    void randomChangesAreReadOrRefusedAndNothingElse() throws Exception {
        Random random = new Random(20260101);
        byte[] original = image();
        int refused = 0;
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = original.clone();
            // Most of an image is text and zeros; what decides is in front.
            int reach = random.nextBoolean() ? 36 : bytes.length;
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                bytes[random.nextInt(reach)] = (byte) random.nextInt(256);
            }
            try {
                read(bytes);
            } catch (PackageFormatException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(50_000, 99_999);
    }
}
