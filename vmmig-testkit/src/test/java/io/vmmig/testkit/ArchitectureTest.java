// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.vmmig.Migrator;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;

/** Rules over core and the testkit; each other module has its own copy of the ones that concern it. */
@AnalyzeClasses(packages = "io.vmmig", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("once")
@Tag("once")
class ArchitectureTest {
    private static final int QCOW2_MAGIC = 0x514649fb;
    private static final int QCOW2_BACKING_FORMAT = 0xe2792aca;
    private static final int QCOW2_FEATURE_NAMES = 0x6803f857;
    private static final int QCOW2_BITMAPS = 0x23852875;
    private static final int QCOW2_DATA_FILE = 0x44415441;

    @ArchTest
    static final ArchRule noCycles = noCyclesAmong(new EachPackage(Map.of()));

    private static ArchRule noCyclesAmong(EachPackage packages) {
        return slices().assignedFrom(packages).should().beFreeOfCycles();
    }

    @ArchTest
    static final ArchRule coreKnowsNoOtherModule = noClasses()
            .that(resideOutsideOfPackages("io.vmmig.testkit.."))
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.vmmig.libvirt..", "io.vmmig.crypto..", "io.vmmig.transport.(*)..", "io.vmmig.testkit.."));

    @ArchTest
    static final ArchRule noInternalTypeInPublicSignatures = methods()
            .that()
            .areDeclaredInClassesThat()
            .resideInAnyPackage(
                    "io.vmmig",
                    "io.vmmig.bundle",
                    "io.vmmig.content",
                    "io.vmmig.domain",
                    "io.vmmig.error",
                    "io.vmmig.event",
                    "io.vmmig.hypervisor",
                    "io.vmmig.page",
                    "io.vmmig.protection",
                    "io.vmmig.reference",
                    "io.vmmig.report",
                    "io.vmmig.state",
                    "io.vmmig.transport")
            .and()
            .arePublic()
            .should(PublicSignatures.notMention(
                    "io.vmmig.freepages",
                    "io.vmmig.pipeline",
                    "io.vmmig.qcow2",
                    "io.vmmig.snapshot",
                    "io.vmmig.bundle.format",
                    "io.vmmig.json",
                    "io.vmmig.xml",
                    "io.vmmig.handover"));

    @ArchTest
    static final ArchRule onlyTheApiKnowsTheScripts = noClasses()
            .that(resideOutsideOfPackages("io.vmmig", "io.vmmig.pipeline"))
            .should()
            .dependOnClassesThat(resideInAnyPackage("io.vmmig.pipeline"));

    @ArchTest
    static final ArchRule whatDecidesCarriesNothing = noClasses()
            .that(resideInAnyPackage("io.vmmig.handover"))
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.vmmig.bundle..",
                    "io.vmmig.snapshot",
                    "io.vmmig.reference",
                    "io.vmmig.qcow2",
                    "io.vmmig.freepages",
                    "io.vmmig.domain"));

    @ArchTest
    static final ArchRule whatCarriesDecidesNothing = noClasses()
            .that()
            .haveNameMatching("io\\.vmmig\\.pipeline\\.(Source|Destination)Transfer.*")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("io\\.vmmig\\.handover\\.(SourceHandOver|DestinationHandOver|HandOverRules).*");

    @ArchTest
    static final ArchRule domainXmlIsParsedInOnePlace = noClasses()
            .that(resideOutsideOfPackages("io.vmmig.domain", "io.vmmig.xml", "io.vmmig.libvirt.."))
            .should()
            .dependOnClassesThat(resideInAnyPackage("org.w3c.dom..", "org.xml.sax..", "javax.xml.."));

    @ArchTest
    static final ArchRule gsonIsUsedInFewPlaces = noClasses()
            .that(resideOutsideOfPackages("io.vmmig.json", "io.vmmig.report"))
            .should()
            .dependOnClassesThat(resideInAnyPackage("com.google.gson.."));

    @ArchTest
    static final ArchRule qcow2HeadersAreReadInOnePlace = classes()
            .that(resideOutsideOfPackages("io.vmmig.qcow2", "io.vmmig.testkit.hostile"))
            .should(NumbersInClasses.notHold(
                    QCOW2_MAGIC, QCOW2_BACKING_FORMAT, QCOW2_FEATURE_NAMES, QCOW2_BITMAPS, QCOW2_DATA_FILE));

    @ArchTest
    static void numbersInClassesAreFound(JavaClasses all) {
        assertThat(qcow2HeadersAreReadInOnePlace
                        .evaluate(new ClassFileImporter().importClasses(ArchitectureTest.class))
                        .hasViolation())
                .isTrue();
    }

    /** Pretends to be in a package that the root depends on. */
    private static final class UsesMigrator {
        private @Nullable Migrator migrator;
    }

    @ArchTest
    static void whatUsesTheRootMakesACycle(JavaClasses all) {
        String user = UsesMigrator.class.getName();
        ImportOption.DoNotIncludeTests main = new ImportOption.DoNotIncludeTests();
        JavaClasses more = new ClassFileImporter()
                .withImportOption(
                        location -> main.includes(location) || location.contains(user.replace('.', '/') + ".class"))
                .importPackages("io.vmmig");
        assertThat(more.contain(user)).isTrue();
        assertThat(noCyclesAmong(new EachPackage(Map.of(user, "io.vmmig.error")))
                        .evaluate(more)
                        .hasViolation())
                .isTrue();
    }

    /**
     * Every package by itself, the root and nested ones included.
     *
     * @param elsewhere classes that count as being in another package
     */
    private record EachPackage(Map<String, String> elsewhere) implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            return SliceIdentifier.of(elsewhere.getOrDefault(javaClass.getName(), javaClass.getPackageName()));
        }

        @Override
        public String getDescription() {
            return "each package";
        }
    }
}
