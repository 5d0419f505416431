# What is installed where, and the Debian packages made of it: `deploy/packages/build` runs CPack.
#
# The daemon and the programs that it starts live together in libexec, because each finds the next beside itself;
# /usr/bin/hetao-gateway leads there.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # deploy/packages/build names what is needed

set(HETAO_DOC ${CMAKE_INSTALL_DATAROOTDIR}/doc)

install(TARGETS hetao-gateway hetao-runner hetao-init hetao-inspector hetao-step
        RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/hetao COMPONENT gateway)
install(CODE "
  file(MAKE_DIRECTORY \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})
  file(CREATE_LINK ../${CMAKE_INSTALL_LIBEXECDIR}/hetao/hetao-gateway
       \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/hetao-gateway SYMBOLIC)
" COMPONENT gateway)
install(DIRECTORY policy/packs DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/hetao COMPONENT gateway)
install(FILES deploy/systemd/hetao-gateway.service deploy/systemd/hetao-runner.socket deploy/systemd/hetao-runner@.service
        DESTINATION lib/systemd/system COMPONENT gateway)
install(FILES deploy/example-gateway.yaml deploy/haproxy/haproxy.cfg
        DESTINATION ${HETAO_DOC}/hetao-gateway/examples COMPONENT gateway)
install(DIRECTORY deploy/handbook DESTINATION ${HETAO_DOC}/hetao-gateway COMPONENT gateway)
install(FILES deploy/packages/copyright DESTINATION ${HETAO_DOC}/hetao-gateway COMPONENT gateway)

install(TARGETS hetao RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT cli)
# Each package brings its own, so that one can be installed without the other.
install(TARGETS hetao-inspector RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/hetao-client COMPONENT cli)
install(FILES deploy/packages/copyright DESTINATION ${HETAO_DOC}/hetao COMPONENT cli)
# Completion and manuals come from the programs themselves, so that they can't differ from them.
install(CODE "
  set(root \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATAROOTDIR})
  file(MAKE_DIRECTORY \${root}/bash-completion/completions \${root}/zsh/vendor-completions \${root}/man/man1)
  execute_process(COMMAND $<TARGET_FILE:hetao> completion bash
                  OUTPUT_FILE \${root}/bash-completion/completions/hetao COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND $<TARGET_FILE:hetao> completion zsh
                  OUTPUT_FILE \${root}/zsh/vendor-completions/_hetao COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND $<TARGET_FILE:hetao> manual -o \${root}/man/man1 COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB pages \${root}/man/man1/hetao*.1)
  execute_process(COMMAND gzip -9nf \${pages} COMMAND_ERROR_IS_FATAL ANY)
" COMPONENT cli)

# What deploy/packages/build makes before it calls CPack: changelog, the daemon's manual (the client makes its own,
# above), bill of materials. The first two are compressed as Debian wants them, with no name or time inside.
function(hetao_compressed component text_file target)
  install(CODE "
    set(to \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${target})
    get_filename_component(folder \${to} DIRECTORY)
    file(MAKE_DIRECTORY \${folder})
    execute_process(COMMAND gzip -9nc ${text_file} OUTPUT_FILE \${to} COMMAND_ERROR_IS_FATAL ANY)
  " COMPONENT ${component})
endfunction()
foreach(pair "gateway;hetao-gateway" "cli;hetao")
  list(GET pair 0 component)
  list(GET pair 1 package)
  hetao_compressed(${component} ${CMAKE_BINARY_DIR}/packages/changelog.${package}
                   ${HETAO_DOC}/${package}/changelog.gz)
  install(FILES ${CMAKE_BINARY_DIR}/packages/${package}.cdx.json DESTINATION ${HETAO_DOC}/${package}
          RENAME sbom.cdx.json COMPONENT ${component})
endforeach()
hetao_compressed(gateway ${CMAKE_BINARY_DIR}/packages/hetao-gateway.1
                 ${CMAKE_INSTALL_DATAROOTDIR}/man/man1/hetao-gateway.1.gz)
install(FILES deploy/packages/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides
        RENAME hetao-gateway COMPONENT gateway)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hetao)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "Hetao maintainers")
set(CPACK_PACKAGE_CONTACT "Hetao maintainers <maintainers@hetao.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL gateway cli)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_NAME hetao-gateway)
set(CPACK_DEBIAN_GATEWAY_DESCRIPTION "federation gateway for compute hubs
Stands between a region's schedulers (Slurm, Kubernetes, its own machine) and
the gateways of other regions: decides under written data-residency policy
what may cross, carries jobs and results over mutually authenticated tunnels,
and books every crossing in a verifiable ledger.")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_DEPENDS "adduser, ca-certificates, debconf (>= 0.5) | debconf-2.0")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_RECOMMENDS "bubblewrap, hetao")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/deploy/packages/postinst;${CMAKE_SOURCE_DIR}/deploy/packages/prerm;${CMAKE_SOURCE_DIR}/deploy/packages/postrm;${CMAKE_SOURCE_DIR}/deploy/packages/templates")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_CLI_PACKAGE_NAME hetao)
set(CPACK_DEBIAN_CLI_DESCRIPTION "client of Hetao gateways, for every role
Submits jobs, explains and reviews decisions, writes and tests policy,
inspects files, verifies ledgers and evidence offline, and keeps the PKI of
a region.")
set(CPACK_COMPONENT_GATEWAY_DESCRIPTION "${CPACK_DEBIAN_GATEWAY_DESCRIPTION}")
set(CPACK_COMPONENT_CLI_DESCRIPTION "${CPACK_DEBIAN_CLI_DESCRIPTION}")
include(CPack)
