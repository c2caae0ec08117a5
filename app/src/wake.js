// The page first, then its code: both would share the network and the processor, and the page is of use without it. Where nobody looks,
// the browser is never idle.
(function (root, name) {
	const wake = () => {
		for (const link of document.querySelectorAll('link[rel="later"]')) link.rel = "preload";
		import(`${root}/${name}.js`)
			.then(({ default: load, hydrate }) => load({ module_or_path: `${root}/${name}.wasm` }).then(() => setTimeout(hydrate)));
	};
	if ("requestIdleCallback" in window && !document.hidden) requestIdleCallback(wake, { timeout: 1000 });
	else setTimeout(wake);
})
