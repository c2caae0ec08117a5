// Loads the code after the page is shown, because both share the network and the processor. A hidden page never becomes idle.
(function (root, name) {
	const wake = () => {
		for (const link of document.querySelectorAll('link[rel="later"]')) link.rel = "preload";
		import(`${root}/${name}.js`)
			.then(({ default: load, hydrate }) => load({ module_or_path: `${root}/${name}.wasm` }).then(() => setTimeout(hydrate)));
	};
	if ("requestIdleCallback" in window && !document.hidden) requestIdleCallback(wake, { timeout: 1000 });
	else setTimeout(wake);
})
