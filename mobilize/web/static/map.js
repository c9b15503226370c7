// The maps. Their ground is the world's countries (Natural Earth), drawn from our own files, so that
// a map works without any connection to the outside.
(() => {
  const box = document.getElementById("map");
  if (!box || !window.L) return;
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(`--${name}`).trim();
  const here = new URL(document.currentScript?.src ?? "/assets/map.js", location.href);

  const map = L.map(box, { preferCanvas: true, zoomSnap: 0.5, worldCopyJump: true, minZoom: 1, maxZoom: 16 });
  map.attributionControl.setPrefix(false).addAttribution("Natural Earth");
  L.control.scale({ imperial: false }).addTo(map);
  map.createPane("ground").style.zIndex = 150;
  const ground = L.canvas({ pane: "ground", padding: 0.3 });
  map.setView([42, 15], 4);

  // --- the ground ------------------------------------------------------------------------------

  const DETAIL_FROM = 5;
  const landStyle = () => ({
    renderer: ground, pane: "ground", interactive: false,
    color: colour("border"), weight: 1, fillColor: colour("land"), fillOpacity: 1,
  });
  const coarse = L.geoJSON(null, landStyle());
  const fine = L.geoJSON(null, landStyle());
  const waiting = [];
  let fineAsked = false;

  async function countries(file) {
    const answer = await fetch(new URL(`vendor/${file}`, here));
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    const atlas = await answer.json();
    return topojson.feature(atlas, atlas.objects.countries).features;
  }

  function boundsOf(feature) {
    const bounds = L.latLngBounds([]);
    const walk = (part) => {
      if (typeof part[0] === "number") bounds.extend([part[1], part[0]]);
      else part.forEach(walk);
    };
    walk(feature.geometry.coordinates);
    return bounds;
  }

  function addVisible() {
    const view = map.getBounds().pad(0.5);
    for (let i = waiting.length - 1; i >= 0; i--) {
      if (waiting[i].bounds.intersects(view)) fine.addData(waiting.splice(i, 1)[0].feature);
    }
  }

  async function drawGround() {
    const detailed = map.getZoom() >= DETAIL_FROM;
    if (detailed && !fineAsked) {
      fineAsked = true;
      for (const feature of await countries("countries-10m.json")) {
        waiting.push({ feature, bounds: boundsOf(feature) });
      }
    }
    if (map.getZoom() >= DETAIL_FROM && (waiting.length || fine.getLayers().length)) {
      addVisible();
      coarse.remove();
      fine.addTo(map);
    } else {
      fine.remove();
      coarse.addTo(map);
    }
    box.dataset.ground = "drawn";
  }

  async function startGround() {
    coarse.addData({ type: "FeatureCollection", features: await countries("countries-110m.json") });
    await drawGround();
    map.on("moveend", drawGround);
  }

  // --- what lies on it -------------------------------------------------------------------------

  const areaStyle = () => ({ color: colour("accent"), weight: 2, fillColor: colour("accent"), fillOpacity: 0.08 });
  const onTop = L.layerGroup().addTo(map);

  function areaLayer(area) {
    if (area.type === "circle") return L.circle([area.lat, area.lon], { radius: area.radius_m, ...areaStyle() });
    return L.geoJSON({ type: "Feature", properties: {}, geometry: area }, { style: areaStyle });
  }

  function placeLayer(lat, lon, name) {
    const icon = L.divIcon({ className: "rendezvous-mark", html: "<span></span>", iconSize: [18, 18] });
    const mark = L.marker([lat, lon], { icon, keyboard: false, zIndexOffset: 1000 });
    return name ? mark.bindTooltip(document.createTextNode(name)) : mark;
  }

  function fit(layer) {
    const bounds = layer.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds.pad(0.08), { animate: false });
  }

  // Who comes is drawn last and largest; colours differ in lightness too.
  const RANK = ["stood_down", "unreachable", "declined", "withdrawn", "asked", "limited", "accepted", "arrived"];
  const LARGE = new Set(["accepted", "arrived"]);

  function personLayer(person) {
    const large = LARGE.has(person.state);
    const dot = L.circleMarker([person.lat, person.lon], {
      radius: large ? 6 : 3.5, weight: large ? 1.5 : 1, color: colour("page"),
      fillColor: colour(`state-${person.state}`) || colour("muted"), fillOpacity: 1,
    });
    return dot.bindTooltip(document.createTextNode(`${person.name}: ${person.state.replace("_", " ")}`));
  }

  let fitted = false;

  function draw(data) {
    onTop.clearLayers();
    const area = areaLayer(data.area).addTo(onTop);
    if (!fitted) fit(area);
    fitted = true;
    const people = [...data.people].sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
    for (const person of people) onTop.addLayer(personLayer(person));
    onTop.addLayer(placeLayer(data.rendezvous.lat, data.rendezvous.lon, data.rendezvous.name));
    box.dataset.people = String(people.length);
  }

  // --- the live board's map --------------------------------------------------------------------

  function followBoard() {
    let tag = null;
    let busy = false;
    let again = false;

    async function load() {
      const answer = await fetch(box.dataset.live, { headers: tag ? { "If-None-Match": tag } : {} })
        .catch(() => null); // No connection: the board says so; the map follows at its next change.
      if (answer?.status !== 200) return;
      tag = answer.headers.get("ETag");
      draw(await answer.json());
    }

    async function refresh() {
      if (busy) { again = true; return; }
      busy = true;
      try {
        await load();
      } finally {
        busy = false;
      }
      if (again) { again = false; await refresh(); }
    }
    document.addEventListener("board:changed", refresh);
    refresh();
  }

  // --- maps that stand still, and maps that fill in a form -------------------------------------

  function fitArea(area) {
    const layer = areaLayer(area).addTo(map);
    fit(layer);
    return layer;
  }

  function showArea() {
    if (box.dataset.area) fitArea(JSON.parse(box.dataset.area));
    if (box.dataset.rendezvous) {
      const [lat, lon] = box.dataset.rendezvous.split(" ").map(Number);
      placeLayer(lat, lon, "").addTo(map);
    }
  }

  function number(field) {
    return field && field.value.trim() !== "" ? Number(field.value) : NaN;
  }

  function pickPoint() {
    const [lat, lon] = box.dataset.pick.split(" ").map((id) => document.getElementById(id));
    const radius = document.getElementById(box.dataset.radius ?? "");
    const geojson = document.getElementById(box.dataset.geojson ?? "");
    const asGeojson = () => document.querySelector("input[name=area_form]:checked")?.value === "geojson";

    function show({ move }) {
      onTop.clearLayers();
      if (asGeojson()) {
        const layer = typed(geojson.value);
        if (layer) { onTop.addLayer(layer); if (move) fit(layer); }
        return;
      }
      if (!Number.isFinite(number(lat)) || !Number.isFinite(number(lon))) return;
      onTop.addLayer(placeLayer(number(lat), number(lon), ""));
      if (number(radius) > 0) {
        const circle = areaLayer({ type: "circle", lat: number(lat), lon: number(lon), radius_m: number(radius) * 1000 });
        onTop.addLayer(circle);
        if (move) fit(circle);
      }
    }

    function typed(text) {
      try {
        const found = JSON.parse(text);
        return areaLayer(found.geometry ?? found);
      } catch {
        return null; // Half-typed; the server says what is wrong with it when it is sent.
      }
    }

    map.on("click", (event) => {
      if (asGeojson()) return;
      const point = event.latlng.wrap();
      lat.value = point.lat.toFixed(5);
      lon.value = point.lng.toFixed(5);
      lat.dispatchEvent(new Event("input", { bubbles: true }));
    });
    for (const field of [lat, lon, radius, geojson]) field?.addEventListener("input", () => show({ move: false }));
    for (const field of [radius, geojson]) field?.addEventListener("change", () => show({ move: true }));
    document.addEventListener("area:changed", () => show({ move: true }));
    show({ move: !box.dataset.area });
  }

  showArea();
  if (box.dataset.pick) pickPoint();
  if (box.dataset.live) followBoard();
  startGround();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    coarse.setStyle(landStyle());
    fine.setStyle(landStyle());
  });
})();
