// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import org.junit.jupiter.api.Tag;

/** Rules over core and the testkit; each other module has its own copy of the ones that concern it. */
@AnalyzeClasses(packages = "io.vmmig", importOptions = ImportOption.DoNotIncludeTests.class)
@ArchTag("once")
@Tag("once")
class ArchitectureTest {
    @ArchTest
    static final ArchRule noCycles =
            slices().assignedFrom(new EachPackage()).should().beFreeOfCycles();

    @ArchTest
    static final ArchRule coreKnowsNoOtherModule = noClasses()
            .that(resideInAnyPackage(
                    "io.vmmig",
                    "io.vmmig.event",
                    "io.vmmig.hypervisor",
                    "io.vmmig.bundle..",
                    "io.vmmig.domain",
                    "io.vmmig.freepages",
                    "io.vmmig.handover",
                    "io.vmmig.pipeline",
                    "io.vmmig.qcow2",
                    "io.vmmig.reference",
                    "io.vmmig.snapshot",
                    "io.vmmig.transport"))
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.vmmig.libvirt..", "io.vmmig.crypto..", "io.vmmig.transport.(*)..", "io.vmmig.testkit.."));

    @ArchTest
    static final ArchRule noInternalTypeInPublicSignatures =
            com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods()
                    .that()
                    .areDeclaredInClassesThat()
                    .resideInAnyPackage(
                            "io.vmmig",
                            "io.vmmig.event",
                            "io.vmmig.hypervisor",
                            "io.vmmig.bundle",
                            "io.vmmig.domain",
                            "io.vmmig.reference",
                            "io.vmmig.transport")
                    .and()
                    .arePublic()
                    .should(PublicSignatures.notMention(
                            "io.vmmig.freepages",
                            "io.vmmig.pipeline",
                            "io.vmmig.qcow2",
                            "io.vmmig.snapshot",
                            "io.vmmig.bundle.format",
                            "io.vmmig.handover"));

    /** Every package by itself, the root and nested ones included. */
    private static final class EachPackage implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            return SliceIdentifier.of(javaClass.getPackageName());
        }

        @Override
        public String getDescription() {
            return "each package";
        }
    }
}
