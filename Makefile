# heygen for Lua. "make help" lists the targets.

LUA_VERSIONS := lua5.4 lua5.3 lua5.1 luajit

# "make test" without LUA= means all versions; everything else then means lua5.4.
TEST_RUNS := $(if $(LUA),$(LUA)$(if $(VARIANT),-$(VARIANT)),$(LUA_VERSIONS) lua5.4-poll)
LUA       ?= lua5.4
ifeq ($(filter $(LUA),$(LUA_VERSIONS)),)
$(error LUA=$(LUA): must be one of $(LUA_VERSIONS))
endif

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
WERROR ?= 1
PREFIX ?= /usr/local

# VARIANT=poll takes the portable poll() back end instead of epoll; SANITIZE=1 adds ASan and UBSan.
# Each kind of build has its own directory, so that they never mix.
BUILD := build/$(LUA)$(if $(VARIANT),-$(VARIANT))$(if $(SANITIZE),-asan)
FLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread -Wall -Wextra
ifeq ($(WERROR),1)
FLAGS += -Werror
endif
ifeq ($(VARIANT),poll)
FLAGS += -DHG_POLLSET_POLL
else ifneq ($(VARIANT),)
$(error VARIANT=$(VARIANT): only "poll" is known)
endif
FLAGS += -D_FILE_OFFSET_BITS=64
ifeq ($(SANITIZE),1)
FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else # as distributions build; the sanitizers bring checks of their own
FLAGS += -fstack-protector-strong
ifneq ($(filter -O1 -O2 -O3 -Os,$(CFLAGS)),)
ifeq ($(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),)
FLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
endif
endif

# Lua's own symbols come from the interpreter that loads the module.
SHARED := -shared
ifeq ($(shell uname -s),Darwin)
SHARED := -bundle -undefined dynamic_lookup
else
SHARED += -Wl,-z,relro,-z,now
endif

# Asked when used, not when this file is read: "make demo" may have to install pkg-config first.
PKG_CFLAGS = $(shell pkg-config --cflags $(LUA) libcurl libssl libcrypto)
PKG_LIBS   = $(shell pkg-config --libs libcurl libssl libcrypto)
LUA_LIBS   = $(shell pkg-config --libs $(LUA))

CORE    := $(BUILD)/heygen/core.so
OBJECTS := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/*.c))
ARCHIVE := $(BUILD)/libheygen.a

# Another run of this file, silent about itself.
SUBMAKE := $(MAKE) --no-print-directory

.PHONY: help deps deps-demo build archive embed env demo test test-all valgrind asan tsan fuzz lint format bench install uninstall clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'LUA=$(LUA) picks the version: $(LUA_VERSIONS)'

deps: ## install what is missing, with apt
	@.ci/deps test

deps-demo:
	@.ci/deps demo

# ---- build

build: $(CORE) ## build the C core into build/<LUA>/

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(PKG_LIBS)

$(BUILD)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(PKG_CFLAGS) -c -o $@ $<

-include $(OBJECTS:.o=.d)

# For programs that link the module in: docs/embedding.md.
archive: $(ARCHIVE) ## build the C core as a static library, build/<LUA>/libheygen.a

$(ARCHIVE): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $(OBJECTS)

# CJSON= names a lua-cjson to link as well (a .a, .o or .so); without it the program loads it as any Lua program does.
EMBED_FLAGS = $(if $(CJSON),-DEMBED_CJSON) \
    -DEMBED_LUA_DIR=$(call quote,"$(CURDIR)/lua") -DEMBED_GAME=$(call quote,"$(CURDIR)/examples/embed/game.lua")

EMBED_SOURCE = examples/embed/main.c
EMBED        = $(BUILD)/embed

# Always again: CJSON may have changed.
embed: $(ARCHIVE) ## build examples/embed, a C program with a frame loop, into build/<LUA>/embed
	$(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) $(EMBED_FLAGS) $(LDFLAGS) -o $(EMBED) \
	    $(EMBED_SOURCE) $(ARCHIVE) $(CJSON) $(LUA_LIBS) $(PKG_LIBS) -lm

# 5.3 and 5.4 read their own spelling first, and each then finds its own build, whichever LUA is.
quote   = '$(subst ','\'',$(1))'
export  = $(info export $(1)=$(call quote,$(2);;))
so_path = $(CURDIR)/$(patsubst build/$(LUA)%,build/$(1)%,$(BUILD))/?.so
env: ## print the settings to require "heygen" from here: eval "$(make -s env)"
	$(foreach name,LUA_PATH LUA_PATH_5_3 LUA_PATH_5_4,$(call export,$(name),$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/sim/?.lua;$(CURDIR)/sim/?/init.lua))
	$(call export,LUA_CPATH,$(call so_path,$(LUA)))
	$(call export,LUA_CPATH_5_3,$(call so_path,lua5.3))
	$(call export,LUA_CPATH_5_4,$(call so_path,lua5.4))
	$(info export PATH=$(call quote,$(CURDIR)/bin):"$$PATH")
	@:

# ---- run

# The raw text of PROMPT and OUT, a "$" in it included.
ifneq ($(origin PROMPT),undefined)
demo: export HEYGEN_DEMO_PROMPT := $(value PROMPT)
endif
ifneq ($(origin OUT),undefined)
demo: export HEYGEN_DEMO_OUT := $(value OUT)
endif
demo: deps-demo ## from a prompt to an mp4, against the local simulator: PROMPT="..." OUT=file.mp4
	@$(SUBMAKE) -s build LUA=lua5.4 WERROR=0
	@eval "$$($(SUBMAKE) -s env LUA=lua5.4)" && exec lua5.4 examples/demo.lua

test: deps ## the specs on every Lua version and back end, or on one: LUA=lua5.1 SPEC=spec/x_spec.lua
	@spec/support/run $(TEST_RUNS)

test-all: deps ## the specs on every Lua version and back end
	@spec/support/run $(LUA_VERSIONS) lua5.4-poll

valgrind: deps ## the specs on Lua 5.4 under valgrind (SPEC=... for one file)
	@spec/support/run valgrind

asan: deps ## the specs on Lua 5.4 with AddressSanitizer and UBSan (SPEC=... for one file)
	@spec/support/run asan

# Without Lua: what two threads share is in bridge.c alone. Its shadow memory wants addresses as they
# are without randomization, where a system has much of it.
BRIDGE_TEST := build/test/bridge_test
tsan: deps ## the thread of the OpenResty bridge under ThreadSanitizer
	@mkdir -p $(dir $(BRIDGE_TEST))
	@$(CC) -std=c11 -D_GNU_SOURCE -pthread -Wall -Wextra -O1 -g -fsanitize=thread -o $(BRIDGE_TEST) \
	    spec/support/bridge_test.c src/bridge.c src/fork.c $(wildcard src/pollset*.c)
	@TSAN_OPTIONS=halt_on_error=1 $$(setarch -R true 2>/dev/null && echo setarch -R) $(BRIDGE_TEST)

fuzz: deps ## ten million forged deliveries, on the C side and on the Lua side: some minutes
	@spec/fuzz/run

lint: deps ## formatters, linters, both compilers, the analyzer
	@.ci/lint

format: deps ## rewrite the sources in the house style
	@.ci/lint --format

bench: deps ## the benchmarks, or some: BENCH="--quick instructions"
	@$(SUBMAKE) -s build
	@eval "$$($(SUBMAKE) -s env)" && bench/run $(BENCH) $(if $(BENCH),,&& bench/sim && bench/love && bench/resty)

# ---- install

# LuaJIT shares the directories of 5.1.
LUA_ABI  := $(patsubst lua%,%,$(subst luajit,lua5.1,$(LUA)))
LUA_DIR   = $(DESTDIR)$(PREFIX)/share/lua/$(LUA_ABI)
C_DIR     = $(DESTDIR)$(PREFIX)/lib/lua/$(LUA_ABI)
BIN_DIR   = $(DESTDIR)$(PREFIX)/bin
LUA_FILES = $(shell cd lua && find heygen -name '*.lua') $(shell cd sim && find heygen -name '*.lua')

# Where it will be found, without DESTDIR; 5.3 and 5.4 have variables of their own, and must not load each other's core.
LUA_PATTERN = $(PREFIX)/share/lua/$(LUA_ABI)/?.lua;$(PREFIX)/share/lua/$(LUA_ABI)/?/init.lua
C_PATTERN   = $(PREFIX)/lib/lua/$(LUA_ABI)/?.so
PATH_SUFFIX = $(if $(filter 5.1,$(LUA_ABI)),,_$(subst .,_,$(LUA_ABI)))

install: ## install under PREFIX (and DESTDIR) for LUA
	@$(SUBMAKE) build WERROR=0
	@set -e; for file in $(LUA_FILES); do \
	    mkdir -p "$(LUA_DIR)/$$(dirname "$$file")"; \
	    [ -f "lua/$$file" ] && from=lua || from=sim; \
	    install -m 644 "$$from/$$file" "$(LUA_DIR)/$$file"; \
	done
	mkdir -p "$(C_DIR)/heygen" "$(BIN_DIR)"
	install -m 755 $(CORE) "$(C_DIR)/heygen/core.so"
	@{ echo '#!/usr/bin/env $(LUA)'; \
	    echo 'package.path = [[$(LUA_PATTERN);]] .. package.path'; \
	    echo 'package.cpath = [[$(C_PATTERN);]] .. package.cpath'; \
	    tail -n +2 bin/heygen-sim; } >"$(BIN_DIR)/heygen-sim"
	@chmod 755 "$(BIN_DIR)/heygen-sim"
ifeq ($(filter /usr /usr/local,$(PREFIX)),)
	@echo '$(LUA) does not search there by itself. For your programs:'
	@echo "  export LUA_PATH$(PATH_SUFFIX)='$(LUA_PATTERN);;'"
	@echo "  export LUA_CPATH$(PATH_SUFFIX)='$(C_PATTERN);;'"
endif

uninstall: ## take away what install put there
	rm -rf "$(LUA_DIR)/heygen" "$(C_DIR)/heygen"
	rm -f "$(BIN_DIR)/heygen-sim"

clean: ## remove build/, and what "luarocks make" leaves
	rm -rf build
	rm -f src/*.o heygen/core.so
	@[ ! -d heygen ] || rmdir heygen
