// Shares the place of this phone, once, when its owner presses the button. Written for old browsers.
(function () {
  "use strict";
  var form = document.getElementById("place");
  var says = document.getElementById("place-says");
  if (!("geolocation" in navigator) || window.isSecureContext === false) return;
  document.getElementById("place-without").hidden = true;
  form.hidden = false;
  form.onsubmit = function () {
    says.textContent = form.getAttribute("data-wait");
    navigator.geolocation.getCurrentPosition(
      function (found) {
        form.elements.lat.value = found.coords.latitude;
        form.elements.lon.value = found.coords.longitude;
        form.elements.accuracy.value = found.coords.accuracy;
        form.submit();
      },
      function () {
        says.textContent = form.getAttribute("data-refused");
      },
      { enableHighAccuracy: true, timeout: 30000, maximumAge: 60000 }
    );
    return false;
  };
})();
