# One library target a room, with the same warnings everywhere.

add_library(hetao_options INTERFACE)
target_include_directories(hetao_options INTERFACE ${CMAKE_SOURCE_DIR})
target_include_directories(hetao_options SYSTEM INTERFACE ${CMAKE_BINARY_DIR})  # generated messages
target_compile_options(hetao_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
# One compiler judges the style; another is asked for its behaviour, not for its opinions.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(hetao_options INTERFACE -Werror)
else()
  target_compile_options(hetao_options INTERFACE -w)
endif()
if(HETAO_SANITIZE)
  target_compile_options(hetao_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
  target_link_options(hetao_options INTERFACE -fsanitize=address,undefined)
endif()
if(HETAO_FUZZ)
  target_compile_options(hetao_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# hetao_room(NAME SOURCES… LINK libs…): the library hetao_NAME.
function(hetao_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINK" ${ARGN})
  add_library(hetao_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(hetao_${name} PUBLIC hetao_options ${ROOM_LINK})
endfunction()

# hetao_test(NAME SOURCES… LINK libs…): one GoogleTest program, known to ctest as NAME.
function(hetao_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK" ${ARGN})
  add_executable(test_${name} ${TEST_SOURCES})
  target_link_libraries(test_${name} PRIVATE hetao_options ${TEST_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE HETAO_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                  HETAO_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  add_test(NAME ${name} COMMAND test_${name} --gtest_brief=1)
endfunction()

# hetao_fuzz(NAME SOURCES… LINK libs…): a libFuzzer target with its corpus in tests/fuzz/corpus/NAME. In other builds a
# program that replays the corpus, known to ctest as replay_NAME.
function(hetao_fuzz name)
  cmake_parse_arguments(FUZZ "" "" "SOURCES;LINK" ${ARGN})
  foreach(lib ${FUZZ_LINK})
    if(lib MATCHES "^hetao_" AND NOT TARGET ${lib})
      return()  # a build of some rooms alone
    endif()
  endforeach()
  if(HETAO_FUZZ)
    add_executable(fuzz_${name} ${FUZZ_SOURCES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY HETAO_FUZZ_TARGETS ${name})
    target_link_libraries(fuzz_${name} PRIVATE hetao_options ${FUZZ_LINK})
    return()
  endif()
  add_executable(replay_${name} ${FUZZ_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.cpp)
  target_link_libraries(replay_${name} PRIVATE hetao_options ${FUZZ_LINK})
  add_test(NAME replay_${name} COMMAND replay_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
endfunction()
