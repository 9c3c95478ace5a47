// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LiveChainTest {
    private static final String TOP =
            "<driver name='qemu' type='qcow2'/><source file='/d/top' index='2'/><target dev='vda'/>";

    private static LiveChain.Image image(String file, ImageFormat format) {
        return new LiveChain.Image(Path.of(file), format);
    }

    private static String domain(String disk) {
        return Domains.web1()
                .replace("</devices>", "<disk type='file' device='disk'>" + disk + "</disk></devices>")
                .replaceFirst("(?s)<disk type='file' device='disk'>.*?</disk>", "");
    }

    private static LiveChain chain(String disk) throws VmmigException {
        return LiveChain.of(domain(disk)).get("vda");
    }

    private static VmmigException refused(String disk) {
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> LiveChain.of(domain(disk)));
        assertThat(e).isNotNull();
        assertThat(e.getMessage()).contains("vda");
        return e;
    }

    @Test
    void isWhatTheHypervisorHasOpened() throws Exception {
        assertThat(chain(TOP + "<backingStore type='file' index='3'><format type='qcow2'/>"
                        + "<source file='/d/middle'><seclabel model='dac' relabel='no'/></source>"
                        + "<backingStore type='file'><format type='raw'/><source file='/d/base'/><backingStore/>"
                        + "</backingStore></backingStore>"))
                .isEqualTo(new LiveChain(
                        List.of(
                                image("/d/top", ImageFormat.QCOW2),
                                image("/d/middle", ImageFormat.QCOW2),
                                image("/d/base", ImageFormat.RAW)),
                        true));
    }

    @Test
    void endsWhereTheXmlEndsIt() throws Exception {
        assertThat(chain(TOP + "<backingStore/>"))
                .isEqualTo(new LiveChain(List.of(image("/d/top", ImageFormat.QCOW2)), true));
    }

    @Test
    void isOpenWhereTheXmlDoesNotSay() throws Exception {
        assertThat(chain(TOP)).isEqualTo(new LiveChain(List.of(image("/d/top", ImageFormat.QCOW2)), false));
    }

    @Test
    void mayBeAsLongAsAChainMayBe() throws Exception {
        StringBuilder below = new StringBuilder("<backingStore/>");
        for (int i = 0; i < 63; i++) {
            below.insert(0, "<backingStore type='file'><format type='qcow2'/><source file='/d/" + i + "'/>")
                    .append("</backingStore>");
        }
        assertThat(chain(TOP + below).images()).hasSize(64);
    }

    @Test
    void drivesWithoutAMediumHaveNone() throws Exception {
        assertThat(LiveChain.of(domain("<driver name='qemu'/><target dev='sda' bus='sata'/><readonly/>")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "type='block'   | dev='/dev/vg/base'                | /dev/vg/base",
                "type='network' | protocol='nbd' name='export'      | export",
                "type='volume'  | pool='p' volume='v'               | v",
                "type='file'    | startupPolicy='optional'          | something"
            })
    void refusesWhatIsBelowAndNoFile(String type, String source, String named) {
        VmmigException e =
                refused(TOP + "<backingStore " + type + "><format type='raw'/><source " + source + "/></backingStore>");
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e.getMessage()).contains(named);
    }

    @ParameterizedTest
    @CsvSource({"slices", "encryption", "dataStore", "cookies", "reservations"})
    void refusesAnImageThatIsNotReadAsItIs(String tag) {
        for (String disk : List.of(
                TOP.replace(" index='2'/>", "><" + tag + "/></source>"),
                TOP + "<backingStore type='file'><format type='raw'/><source file='/d/base'><" + tag
                        + "/></source><backingStore/></backingStore>")) {
            VmmigException e = refused(disk);
            assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
            assertThat(e.getMessage()).contains("/d/").contains("<" + tag + ">");
        }
    }

    @Test
    void refusesOtherFormats() {
        VmmigException e = refused(
                TOP + "<backingStore type='file'><format type='vmdk'/><source file='/d/base'/>" + "</backingStore>");
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e.getMessage()).contains("vmdk").contains("/d/base");
    }

    @Test
    void refusesSomethingBelowARawImage() {
        VmmigException e = refused(
                TOP.replace("qcow2", "raw")
                        + "<backingStore type='file'><format type='raw'/><source file='/d/base'/><backingStore/></backingStore>");
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
    }

    @ParameterizedTest
    @CsvSource({"copy", "active-commit"})
    void refusesADiskThatABlockJobCopies(String job) {
        VmmigException e = refused(TOP + "<backingStore/><mirror type='file' job='" + job
                + "'><format type='qcow2'/><source file='/d/mirror'/></mirror>");
        assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY);
        assertThat(e.getMessage()).contains(job).contains("/d/mirror");
    }

    @Test
    void sharedDisksAreThoseThatTheGuestCanWriteTo() throws Exception {
        DomainXml domain = DomainXml.parse(domain(TOP + "<shareable/>"));
        assertThat(domain.sharedDisks()).containsOnly(java.util.Map.entry("vda", Path.of("/d/top")));
        assertThat(DomainXml.parse(domain(TOP + "<shareable/><readonly/>")).sharedDisks())
                .isEmpty();

        DomainXml own = domain.withOwn(List.of(Path.of("/d/top")));
        assertThat(own.sharedDisks()).isEmpty();
        assertThat(own.disks()).isEqualTo(domain.disks());
        assertThat(own.withOwn(List.of(Path.of("/d/top"))).text()).isEqualTo(own.text());
        assertThat(domain.withOwn(List.of(Path.of("/d/other")))).isSameAs(domain);
    }
}
